"""Distributions over one another, on one axis, so that one sees which is further right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contract.state import Array
from pipeline.pictures.canvas import INK, SOFT, Canvas
from pipeline.report.numbers import short, ticks

WIDTH, HEIGHT, MARGIN, HEAD = 640.0, 120.0, 24.0, 40.0  # points; height is that of one histogram
BINS = 120
SHOWN = 99.5  # % of the values that the axis reaches
COLOURS = ("#8c8c8c", "#0072b2", "#d55e00")  # grey for what is only held against


@dataclass(frozen=True)
class Histogram:
    """One distribution."""

    name: str
    values: Array  # (k,)


def write_histograms(path: Path, title: str, unit: str, histograms: Sequence[Histogram]) -> None:
    """Draw them below each other with medians and 99th percentiles, as a PNG at `path`."""
    high = max(float(np.percentile(each.values, SHOWN)) for each in histograms)
    canvas = Canvas(WIDTH + 2 * MARGIN, HEAD + len(histograms) * HEIGHT + 2 * MARGIN)
    canvas.text((MARGIN, MARGIN - 6), f"{title}, {unit}", 14)
    told = []
    for number, (histogram, colour) in enumerate(zip(histograms, COLOURS, strict=False)):
        foot = HEAD + (number + 1) * HEIGHT
        told.append(_draw(canvas, histogram, foot, high, colour))
    for mark in ticks(0.0, high, 8):
        x = MARGIN + WIDTH * mark / high
        canvas.line([(x, foot), (x, foot + 4)], SOFT, 0.75)
        canvas.text((x, foot + 7), short(mark), 10.5, "ma", SOFT)
    canvas.save(path, f"{title} in {unit}: {'; '.join(told)}.")


def _draw(canvas: Canvas, histogram: Histogram, foot: float, high: float, colour: str) -> str:
    counts, edges = np.histogram(histogram.values, bins=BINS, range=(0.0, high))
    tallest = 0.75 * HEIGHT / max(1, counts.max())
    for count, low, end in zip(counts, edges, edges[1:], strict=False):
        if count:
            left, right = (MARGIN + WIDTH * edge / high for edge in (low, end))
            canvas.box((left, foot - tallest * count), (right, foot), colour)
    canvas.line([(MARGIN, foot), (MARGIN + WIDTH, foot)], INK, 1)
    middle, most = np.percentile(histogram.values, [50.0, 99.0])
    told = f"{histogram.name}: median {middle:.0f}, 99 % below {most:.0f}"
    canvas.text((MARGIN, foot - 0.92 * HEIGHT), told, 12, colour=colour)
    for value in (middle, most):
        x = MARGIN + WIDTH * min(value, high) / high
        canvas.line([(x, foot - 0.75 * HEIGHT), (x, foot)], INK, 0.75)
    return told
