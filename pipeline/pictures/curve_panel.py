"""One small plot of a figure over a parameter: dots with whiskers, and what training has seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.pictures.canvas import INK, RULE, SOFT, Canvas
from pipeline.report.numbers import short, ticks

COLOUR = "#0072b2"  # Okabe and Ito's blue
SEEN = "#dff0e2"  # of the trained range
SEEN_LINE = "#5aa469"  # of a single trained value
MARGIN = 0.03  # of the width, left and right of the data


@dataclass(frozen=True)
class Mean:
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Panel:
    """A figure's `means` (k,) at parameter values `at` (k,); `trained` is shaded.

    `bounds` is the range of a quantity that has one, as a rate has 0 and 1.
    """

    title: str
    at: Sequence[float]
    means: Sequence[Mean]
    trained: tuple[float, float] | None = None
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True)
class Frame:
    """Where a panel's axes lie on the canvas, in points."""

    left: float
    top: float
    width: float
    height: float

    def x(self, value: float, low: float, high: float) -> float:
        return self.left + self.width * (value - low) / (high - low)

    def y(self, value: float, low: float, high: float) -> float:
        return self.top + self.height * (1 - (value - low) / (high - low))


def draw_panel(canvas: Canvas, frame: Frame, panel: Panel) -> None:
    """Draw axes, training range and curve; points that are not finite are left out."""
    across = _across(panel.at)
    marks = _marks(panel)
    _shade(canvas, frame, panel, across)
    canvas.text((frame.left, frame.top - 10), panel.title, 13, "ls")
    for mark in marks:
        y = frame.y(mark, marks[0], marks[-1])
        canvas.line([(frame.left, y), (frame.left + frame.width, y)], RULE, 0.75)
        canvas.text((frame.left - 6, y), short(mark), 10.5, "rm", SOFT)
    foot = frame.top + frame.height
    for mark in ticks(panel.at[0], panel.at[-1], 6):
        if across[0] <= mark <= across[1]:
            x = frame.x(mark, *across)
            canvas.line([(x, foot), (x, foot + 4)], SOFT, 0.75)
            canvas.text((x, foot + 7), short(mark), 10.5, "ma", SOFT)
    canvas.line([(frame.left, foot), (frame.left + frame.width, foot)], INK, 1)
    _curve(canvas, frame, panel, across, (marks[0], marks[-1]))


def _across(values: Sequence[float]) -> tuple[float, float]:
    pad = MARGIN * (values[-1] - values[0])
    return values[0] - pad, values[-1] + pad


def _marks(panel: Panel) -> list[float]:
    if panel.bounds is not None:
        return [panel.bounds[0] + (panel.bounds[1] - panel.bounds[0]) * i / 4 for i in range(5)]
    values = [v for m in panel.means for v in (m.value, m.low, m.high) if math.isfinite(v)]
    return ticks(min(values, default=0.0), max(values, default=1.0))


def _shade(canvas: Canvas, frame: Frame, panel: Panel, across: tuple[float, float]) -> None:
    if panel.trained is None:
        return
    low, high = (min(max(value, across[0]), across[1]) for value in panel.trained)
    left, right = frame.x(low, *across), frame.x(high, *across)
    if low < high:
        canvas.box((left, frame.top), (right, frame.top + frame.height), SEEN)
    elif panel.trained[0] == low:
        canvas.line([(left, frame.top), (left, frame.top + frame.height)], SEEN_LINE, 1.5)


def _curve(
    canvas: Canvas, frame: Frame, panel: Panel, across: tuple[float, float], upright: tuple[float, float]
) -> None:
    places = []
    for value, mean in zip(panel.at, panel.means, strict=True):
        if not all(math.isfinite(v) for v in (mean.value, mean.low, mean.high)):
            continue
        x = frame.x(value, *across)
        ends = [(x, frame.y(v, *upright)) for v in (mean.low, mean.high)]
        canvas.line(ends, COLOUR, 1.2)
        for _, y in ends:
            canvas.line([(x - 3, y), (x + 3, y)], COLOUR, 1.2)
        places.append((x, frame.y(mean.value, *upright)))
    if len(places) > 1:
        canvas.line(places, COLOUR, 1.8)
    for place in places:
        canvas.dot(place, 3.2, COLOUR)
