"""The parts of the page below its headline; each is left out where there is nothing to show."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from pipeline.report import curves, methods
from pipeline.report.data import Diagnostic, GapParameter, LearningCurve, ReportData, SummaryRow, Video
from pipeline.report.intervals import return_chart, success_chart
from pipeline.report.markup import Markup, join, tag
from pipeline.report.numbers import decimal, duration, percent, whole

SIGNATURES = {b"GIF8": "image/gif", b"RIFF": "image/webp", b"\x89PNG": "image/png"}


def section(title: str, *children: str) -> Markup:
    """A titled card."""
    identity = title.lower().replace(" ", "-")
    return tag("section", tag("h2", title, id=identity), *children, aria_labelledby=identity)


def results(rows: Sequence[SummaryRow]) -> Markup:
    """Success and return of every row, drawn and in figures."""
    if not rows:
        return Markup("")
    success = tag(
        "figure",
        tag("figcaption", tag("b", "Success rate"), " with 95\u202f% intervals", class_="plot-title"),
        success_chart(rows),
    )
    returns = tag(
        "figure",
        tag("figcaption", tag("b", "Mean return"), " with 95\u202f% intervals", class_="plot-title"),
        return_chart(rows),
    )
    return section("Results", success, returns, _table(rows), _glossary(rows))


def _table(rows: Sequence[SummaryRow]) -> Markup:
    heads = (
        "Method",
        "Domain",
        "Success",
        "95\u202f%",
        "Return",
        "95\u202f%",
        "Episodes",
        "Target steps",
        "Time",
    )
    body = [
        tag(
            "tr",
            tag("th", methods.display(row.method), scope="row"),
            tag("td", row.domain, class_="n"),
            *(
                tag("td", text, class_="n")
                for text in (
                    percent(row.success_rate),
                    " – ".join(percent(value) for value in row.success_ci95),
                    decimal(row.return_mean),
                    " … ".join(decimal(value) for value in row.return_ci95),
                    whole(row.episodes),
                    whole(row.target_steps),
                    duration(row.seconds),
                )
            ),
        )
        for row in rows
    ]
    return table(heads, body, "Every policy that was judged, with 95\u202f% intervals")


def table(heads: Sequence[str], body: Sequence[Markup], caption: str) -> Markup:
    """A table with its heads and caption; `body` holds its rows."""
    head = tag("tr", *(tag("th", text, scope="col") for text in heads))
    whole_table = tag("table", tag("caption", tag("span", caption)), tag("thead", head), tag("tbody", *body))
    # A wide table scrolls by itself, by touch and by keyboard, and not the page.
    return tag("div", whole_table, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _glossary(rows: Sequence[SummaryRow]) -> Markup:
    used = {methods.key(row.method) for row in rows}
    entries = [
        join(tag("dt", methods.NAMES[name]), tag("dd", meaning))
        for name, meaning in methods.MEANINGS.items()
        if name in used
    ]
    return tag("dl", *entries, class_="glossary") if entries else Markup("")


def videos(clips: Sequence[Video]) -> Markup:
    """The clips side by side, inside the page."""
    if not clips:
        return Markup("")
    figures = [tag("figure", _image(clip), tag("figcaption", clip.caption)) for clip in clips]
    return section("On the robot", tag("div", *figures, class_="videos"))


def _image(clip: Video) -> Markup:
    kind = SIGNATURES.get(clip.image[:4], "application/octet-stream")
    text = base64.b64encode(clip.image).decode("ascii")
    return tag("img", src=f"data:{kind};base64,{text}", alt=clip.caption, loading="lazy")


def evaluations(pictures: Sequence[Video]) -> Markup:
    """Curves over parameters and transfer matrices, each in full width."""
    if not pictures:
        return Markup("")
    figures = [tag("figure", _image(picture), tag("figcaption", picture.caption)) for picture in pictures]
    return section("Robustness and transfer", *(tag("div", figure, class_="videos") for figure in figures))


def learning(all_curves: Sequence[LearningCurve]) -> Markup:
    """All learning curves."""
    return section("Learning", *curves.plots(all_curves)) if all_curves else Markup("")


def gap(parameters: Sequence[GapParameter], diagnostics: Sequence[Diagnostic]) -> Markup:
    """What differs between the domains, and how the adaptation saw it."""
    parts: list[Markup] = []
    if parameters:
        heads = ("Parameter", "Source", "Target", "Unit")
        body = [_parameter(item) for item in parameters]
        parts.append(table(heads, body, "Domain parameters; those that differ are marked ≠"))
    for item in diagnostics:
        parts += [tag("h3", item.title), *curves.plots(item.curves)]
        if item.explanation:
            parts.append(tag("p", item.explanation))
    return section("The gap", *parts) if parts else Markup("")


def _parameter(item: GapParameter) -> Markup:
    differs = item.source != item.target
    mark = tag("span", "≠ ", class_="mark") if differs else Markup("")
    source, target = (
        v if isinstance(v, str) else f"{v:.6g}".replace("-", "−") for v in (item.source, item.target)
    )
    return tag(
        "tr",
        tag("th", mark, tag("code", item.parameter), scope="row"),
        tag("td", source),
        tag("td", target),
        tag("td", item.unit),
        class_="differs" if differs else None,
    )


def making(data: ReportData) -> Markup:
    """How the run was made, so that somebody else can make it again."""
    parts: list[Markup] = []
    if data.stages:
        parts.append(_stages(data))
    if data.commands:
        lines = "\n".join(data.commands)
        parts += [tag("h3", "Commands"), tag("pre", tag("code", lines), tabindex="0")]
    if data.recipe:
        recipe = tag("pre", tag("code", data.recipe), tabindex="0")
        parts.append(tag("details", tag("summary", "Recipe"), recipe))
    versions = ([("commit", data.commit)] if data.commit else []) + list(data.versions)
    if versions:
        rows = [join(tag("dt", name), tag("dd", tag("code", value))) for name, value in versions]
        parts.append(tag("details", tag("summary", "Versions"), tag("dl", *rows, class_="versions")))
    return section("How it was made", *parts) if parts else Markup("")


def _stages(data: ReportData) -> Markup:
    longest = max(stage.seconds for stage in data.stages) or 1.0
    rows = [
        tag(
            "tr",
            tag("th", stage.name, scope="row"),
            tag("td", tag("i", class_="time", style=f"width:{100 * stage.seconds / longest:.2f}%")),
            tag("td", duration(stage.seconds), class_="n"),
        )
        for stage in data.stages
    ]
    total = duration(sum(stage.seconds for stage in data.stages))
    caption = tag("caption", f"{total} altogether")
    return tag("table", caption, tag("tbody", *rows), class_="stages")
