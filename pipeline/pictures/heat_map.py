"""A matrix in figures and colours, one map under the other for every quantity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.pictures.canvas import INK, RULE, SOFT, Canvas, text_width

Colour = tuple[int, int, int]

GOOD: Colour = (0, 114, 178)  # Okabe and Ito's blue
BAD: Colour = (213, 94, 0)  # and their vermilion
CELL_HEIGHT, LEAST_WIDTH, LEFT = 46.0, 112.0, 24.0
HEAD, BETWEEN, FOOT = 58.0, 66.0, 24.0


@dataclass(frozen=True)
class Entry:
    """One cell: `value` sets its colour, the texts say it; `marked` gets a frame."""

    value: float
    text: str
    interval: str
    marked: bool = False


@dataclass(frozen=True)
class HeatMap:
    """Entries (rows, columns); `bounds` are the values of the palest and of the strongest colour."""

    title: str
    entries: Sequence[Sequence[Entry]]
    colour: Colour
    bounds: tuple[float, float] | None = None  # None: from the smallest to the largest entry


def draw_heat_maps(
    path: Path,
    title: str,
    notes: Sequence[str],
    rows: Sequence[str],
    columns: Sequence[str],
    maps: Sequence[HeatMap],
    description: str,
) -> None:
    """Write the PNG: policies are `rows`, domains are `columns`."""
    labels = LEFT + max(text_width(name) for name in rows) + 14
    cell = max([LEAST_WIDTH, *(text_width(name) + 18 for name in columns)])
    texts = LEFT + 20 + max([text_width(title, 17), *(text_width(note) for note in notes)])
    head = HEAD + 17 * len(notes)
    block = len(rows) * CELL_HEIGHT + BETWEEN
    canvas = Canvas(max(labels + cell * len(columns) + LEFT, texts), head + block * len(maps) + FOOT)
    canvas.text((LEFT, 34), title, 17, "ls")
    for i, note in enumerate(notes):
        canvas.text((LEFT, 55 + 17 * i), note, 12, "ls", SOFT)
    for k, heat_map in enumerate(maps):
        top = head + k * block + BETWEEN - 12
        canvas.text((LEFT, top - 28), heat_map.title, 13, "ls")
        for j, name in enumerate(columns):
            canvas.text((labels + cell * (j + 0.5), top - 8), name, 12, "ms", SOFT)
        for i, name in enumerate(rows):
            canvas.text((labels - 10, top + CELL_HEIGHT * (i + 0.5)), name, 12, "rm")
        _cells(canvas, heat_map, labels, top, cell)
    canvas.save(path, description)


def _cells(canvas: Canvas, heat_map: HeatMap, left: float, top: float, width: float) -> None:
    bounds = heat_map.bounds or _bounds(heat_map.entries)
    marked = []
    for i, row in enumerate(heat_map.entries):
        for j, entry in enumerate(row):
            x, y = left + j * width, top + i * CELL_HEIGHT
            fill = shade(entry.value, bounds, heat_map.colour)
            ink = "white" if _dark(fill) else INK
            corners = (x + 1, y + 1), (x + width - 1, y + CELL_HEIGHT - 1)
            canvas.box(*corners, _hex(fill), RULE, 0.5)
            canvas.text((x + width / 2, y + 16), entry.text, 13, "mm", ink)
            canvas.text((x + width / 2, y + 32), entry.interval, 10, "mm", ink)
            if entry.marked:
                marked.append(corners)
    for corners in marked:
        canvas.box(*corners, None, INK, 2)


def _bounds(entries: Sequence[Sequence[Entry]]) -> tuple[float, float]:
    values = [e.value for row in entries for e in row if math.isfinite(e.value)] or [0.0]
    return min(values), max(values)


def shade(value: float, bounds: tuple[float, float], colour: Colour) -> Colour:
    """White at the lower bound, `colour` at the upper one; grey for what is not finite."""
    if not math.isfinite(value):
        return 221, 221, 221
    low, high = bounds
    share = min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.5
    red, green, blue = (round(255 + share * (c - 255)) for c in colour)
    return red, green, blue


def _dark(colour: Colour) -> bool:
    """Whether white text reads better on it."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
