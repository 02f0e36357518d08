"""The one sentence that a reader takes away, and whether the numbers bear it."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.report import methods
from pipeline.report.data import SummaryRow
from pipeline.report.markup import Markup, tag
from pipeline.report.numbers import percent, whole

YARDSTICKS = ("source", "zero-shot", "oracle")


def comparison(rows: Sequence[SummaryRow]) -> tuple[SummaryRow, SummaryRow] | None:
    """Zero-shot and the best adapted policy in the same domain, or None without either."""
    for zero in rows:
        if methods.key(zero.method) == "zero-shot":
            adapted = [r for r in rows if r.domain == zero.domain and methods.key(r.method) not in YARDSTICKS]
            if adapted:
                return zero, max(adapted, key=lambda row: row.success_rate)
    return None


def verdict(zero: SummaryRow, best: SummaryRow) -> tuple[str, str]:
    """A CSS class and a sentence about the two 95 % intervals."""
    if best.success_ci95[0] > zero.success_ci95[1]:
        return "good", "The 95\u202f% intervals do not overlap."
    if best.success_rate <= zero.success_rate:
        return "bad", "Adaptation did not help here."
    return "unsure", "The 95\u202f% intervals overlap: more episodes are needed to tell."


def headline(rows: Sequence[SummaryRow]) -> Markup:
    """Success before and after adaptation in large figures."""
    pair = comparison(rows)
    if pair is None:
        return Markup("")
    zero, best = pair
    kind, sentence = verdict(zero, best)
    figures = [
        _figure(zero, 0),
        tag("div", "→", class_="arrow", aria_hidden="true"),
        _figure(best, 1),
    ]
    steps = f"{methods.display(best.method)} saw {whole(best.target_steps)} steps of the target."
    text = tag("p", tag("strong", sentence, class_=kind), " ", steps, class_="verdict")
    return tag("section", tag("div", *figures, class_="figures"), text, class_="headline")


def _figure(row: SummaryRow, index: int) -> Markup:
    colour = methods.colour_class(row.method, index)
    low, high = (percent(value) for value in row.success_ci95)
    return tag(
        "div",
        tag("div", methods.display(row.method), class_="name"),
        tag("div", percent(row.success_rate), class_="number"),
        tag("div", f"success on {row.domain}", class_="note"),
        tag("div", f"95\u202f%: {low} to {high}", class_="note"),
        class_=f"figure {colour}",
    )
