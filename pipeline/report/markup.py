"""HTML and SVG elements that escape whatever is not markup already."""

from __future__ import annotations

from html import escape

VOID = frozenset({"meta", "img", "br", "circle", "line", "path", "polyline", "rect"})


class Markup(str):
    """Text that is HTML and needs no escaping; made by `tag` and `join` only."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """One element. Plain strings among the children are escaped, as attribute values always are.

    Args:
        attributes: `class_` becomes class, `stroke_width` stroke-width; None leaves one out.
    """
    text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{text}>" if name in ("meta", "img", "br") else f"<{name}{text}/>")
    return Markup(f"<{name}{text}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """The children one after another, escaped unless they are markup."""
    return Markup("".join(c if isinstance(c, Markup) else escape(c) for c in children))


def _number(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
