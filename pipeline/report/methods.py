"""How methods are named and coloured: the same method looks the same in every picture.

Colours are Okabe and Ito's, which people with colour-blindness tell apart; shapes, dashes and
labels repeat what they say.
"""

from __future__ import annotations

NAMES = {
    "source": "Source",
    "zero-shot": "Zero-shot",
    "fine-tune": "Fine-tuned",
    "darc": "DARC",
    "oracle": "Oracle",
}
MEANINGS = {
    "source": "trained and judged in the source domain",
    "zero-shot": "the source policy, unchanged, in the target domain",
    "fine-tune": "trained on with the target's samples",
    "darc": "trained on in the source, with rewards corrected by what the target did",
    "oracle": "trained in the target domain itself, with no limit on its samples",
}
SPARE = ("spare-1", "spare-2", "spare-3")


def key(method: str) -> str:
    """The method that a label speaks of, or "" for one that has no colour of its own."""
    words = method.lower().replace("_", "-").replace(" ", "-")
    for prefix in NAMES:
        if words.startswith(prefix) or (prefix == "fine-tune" and words.startswith("finetun")):
            return prefix
    return ""


def display(method: str) -> str:
    """A method's name for people; a qualified one ("darc + mix") is left as it is."""
    exact = {*NAMES, "zero_shot", "fine_tune", "fine-tuned", "zero shot"}
    return NAMES[key(method)] if method.lower() in exact else method


def colour_class(method: str, index: int) -> str:
    """CSS class that sets the colour; `index` picks one for methods that have none."""
    return "m-" + (key(method) or SPARE[index % len(SPARE)])
