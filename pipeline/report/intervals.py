"""Rows of bars or dots with 95 % intervals, one policy in one domain each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.report import methods
from pipeline.report.data import SummaryRow
from pipeline.report.markup import Markup, tag
from pipeline.report.numbers import decimal, percent, short, ticks


@dataclass(frozen=True)
class Estimate:
    """A mean and its interval, with the row that they belong to."""

    row: SummaryRow
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Scale:
    """Where a value lies between the first and last mark, in percent of the width."""

    marks: Sequence[float]

    def at(self, value: float) -> float:
        low, high = self.marks[0], self.marks[-1]
        return min(max(100.0 * (value - low) / (high - low), 0.0), 100.0)


def success_chart(rows: Sequence[SummaryRow]) -> Markup:
    """Success rates as bars from 0 to 100 %."""
    estimates = [Estimate(row, row.success_rate, *row.success_ci95) for row in rows]
    return _chart("Success rate", estimates, Scale([0.0, 0.25, 0.5, 0.75, 1.0]), percent, percent, _bar)


def return_chart(rows: Sequence[SummaryRow]) -> Markup:
    """Returns as dots: their zero means nothing, so bars would mislead."""
    estimates = [Estimate(row, row.return_mean, *row.return_ci95) for row in rows]
    values = [value for e in estimates for value in (e.low, e.mean, e.high) if value == value]
    scale = Scale(ticks(min(values, default=0.0), max(values, default=1.0)))
    return _chart("Mean return", estimates, scale, decimal, short, _dot)


def _chart(
    title: str,
    estimates: Sequence[Estimate],
    scale: Scale,
    text: Callable[[float], str],
    mark_text: Callable[[float], str],
    shape: Callable[[float, str], Markup],
) -> Markup:
    spoken = "; ".join(
        f"{methods.display(e.row.method)} on {e.row.domain} {text(e.mean)} "
        f"(95\u202f% interval {text(e.low)} to {text(e.high)})"
        for e in estimates
    )
    lines = [_line(e, index, scale, text, shape) for index, e in enumerate(estimates)]
    marks = [tag("span", mark_text(m), style=f"left:{scale.at(m):.3f}%") for m in scale.marks]
    axis = tag("div", tag("div", *marks, class_="marks"), class_="axis")
    return tag("div", *lines, axis, class_="intervals", role="img", aria_label=f"{title}: {spoken}.")


def _line(
    estimate: Estimate,
    index: int,
    scale: Scale,
    text: Callable[[float], str],
    shape: Callable[[float, str], Markup],
) -> Markup:
    row = estimate.row
    colour = methods.colour_class(row.method, index)
    left, right = scale.at(estimate.low), scale.at(estimate.high)
    grid = [tag("i", class_="grid", style=f"left:{scale.at(m):.3f}%") for m in scale.marks]
    whisker = tag("div", class_="whisker", style=f"left:{left:.3f}%;width:{right - left:.3f}%")
    known = estimate.mean == estimate.mean
    drawn = [shape(scale.at(estimate.mean), colour), whisker] if known else []
    return tag(
        "div",
        tag("div", tag("b", methods.display(row.method)), tag("span", row.domain), class_="who"),
        tag("div", *grid, *drawn, class_="track"),
        tag("div", text(estimate.mean), class_="value"),
        class_="row",
    )


def _bar(position: float, colour: str) -> Markup:
    return tag("div", class_=f"bar {colour}", style=f"width:{position:.3f}%")


def _dot(position: float, colour: str) -> Markup:
    return tag("div", class_=f"dot {colour}", style=f"left:{position:.3f}%")
