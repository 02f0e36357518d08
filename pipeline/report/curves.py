"""Line plots: SVG for the lines, HTML for every word, so that text keeps its size on a phone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.report import methods
from pipeline.report.data import LearningCurve
from pipeline.report.markup import Markup, tag
from pipeline.report.numbers import decimal, short, ticks

POINTS = 300  # more cannot be told apart on a screen
SMOOTH_FROM = 60  # points from which on a moving average is drawn over the measurements
DASHES = (None, "7 4", "2 3", "10 3 2 3")

Points = NDArray[np.float64]


def plots(curves: Sequence[LearningCurve]) -> list[Markup]:
    """One figure for each pair of quantity and axis, in order of first appearance."""
    groups: dict[tuple[str, str], list[LearningCurve]] = {}
    for curve in curves:
        groups.setdefault((curve.quantity, curve.axis), []).append(curve)
    return [plot(group) for group in groups.values()]


def plot(curves: Sequence[LearningCurve]) -> Markup:
    """Curves (k, 2) of the same quantity and axis over each other; empty ones are left out."""
    drawn = [(curve, points) for curve in curves if len(points := finite_points(curve))]
    quantity, axis = curves[0].quantity, curves[0].axis
    if not drawn:
        return tag("figure", tag("figcaption", f"{quantity}: nothing was measured."))
    everything = np.concatenate([points for _, points in drawn])
    across = _range(everything[:, 0])
    upright = ticks(float(everything[:, 1].min()), float(everything[:, 1].max()))
    lines: list[Markup] = []
    for index, (curve, points) in enumerate(drawn):
        lines += _lines(points, across, upright, index, curve.label)
    spoken = "; ".join(
        f"{curve.label} from {decimal(points[0, 1])} to {decimal(points[-1, 1])}" for curve, points in drawn
    )
    svg = tag(
        "svg",
        *lines,
        viewBox="0 0 1000 300",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{quantity} over {axis}: {spoken}.",
    )
    return tag(
        "figure",
        tag("figcaption", tag("b", quantity), f" over {axis}", _note(drawn), class_="plot-title"),
        tag("div", *_grid(across, upright), svg, class_="plot"),
        _legend([curve.label for curve, _ in drawn]),
    )


def finite_points(curve: LearningCurve) -> Points:
    """The curve's points (k, 2) that can be drawn, in order of steps."""
    points = np.column_stack([np.asarray(curve.steps, float), np.asarray(curve.values, float)])
    points = points[np.isfinite(points).all(axis=1)]
    return np.asarray(points[np.argsort(points[:, 0], kind="stable")])


def smoothed(values: Points) -> Points:
    """Centred moving average over a twentieth of the curve; the window shrinks at its ends."""
    half = max(len(values) // 40, 1)
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    # Symmetric everywhere, so that a rising curve is not pulled down at its end.
    reach = np.minimum(half, np.minimum(index, len(values) - 1 - index))
    return np.asarray((total[index + reach + 1] - total[index - reach]) / (2 * reach + 1))


def _range(steps: Points) -> list[float]:
    """Marks whose ends are the data's, so that lines fill the width."""
    low, high = float(steps.min()), float(steps.max())
    low = 0.0 if 0 <= low < 0.1 * high else low
    inside = [mark for mark in ticks(low, high) if low < mark < high]
    return [low, *inside, high if high > low else low + 1.0]


def _lines(
    points: Points, across: Sequence[float], upright: Sequence[float], index: int, label: str
) -> list[Markup]:
    colour = methods.colour_class(label, index)
    if len(points) < SMOOTH_FROM:
        return [_line(points, across, upright, f"line {colour}", DASHES[index % len(DASHES)])]
    mean = np.column_stack([points[:, 0], smoothed(points[:, 1])])
    return [
        _line(points, across, upright, f"raw {colour}", None),
        _line(mean, across, upright, f"line {colour}", DASHES[index % len(DASHES)]),
    ]


def _line(
    points: Points, across: Sequence[float], upright: Sequence[float], kind: str, dash: str | None
) -> Markup:
    points = points[np.unique(np.linspace(0, len(points) - 1, POINTS).astype(int))]
    x = 1000 * (points[:, 0] - across[0]) / (across[-1] - across[0])
    y = 300 * (1 - (points[:, 1] - upright[0]) / (upright[-1] - upright[0]))
    text = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return tag("polyline", points=text, class_=kind, stroke_dasharray=dash)


def _grid(across: Sequence[float], upright: Sequence[float]) -> list[Markup]:
    marks = []
    for value in upright:
        top = 100 * (1 - (value - upright[0]) / (upright[-1] - upright[0]))
        marks.append(tag("i", tag("span", short(value)), class_="level", style=f"top:{top:.3f}%"))
    for value in across:
        left = 100 * (value - across[0]) / (across[-1] - across[0])
        crowded = value != across[-1] and 100 - left < 14
        if not crowded:
            label = short(float(f"{value:.3g}"))
            marks.append(tag("i", tag("span", label), class_="moment", style=f"left:{left:.3f}%"))
    return marks


def _note(drawn: Sequence[tuple[LearningCurve, Points]]) -> str:
    if any(len(points) >= SMOOTH_FROM for _, points in drawn):
        return " (faint: as measured; strong: moving average)"
    return ""


def _legend(labels: Sequence[str]) -> Markup:
    entries = []
    for index, label in enumerate(labels):
        colour, dash = methods.colour_class(label, index), DASHES[index % len(DASHES)]
        sample = tag("line", x1=0, y1=6, x2=28, y2=6, class_=f"line {colour}", stroke_dasharray=dash)
        key = tag("svg", sample, viewBox="0 0 28 12", aria_hidden="true")
        entries.append(tag("li", key, methods.display(label)))
    return tag("ul", *entries, class_="legend")
