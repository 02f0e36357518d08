"""Robustness curves: every figure of a sweep as a panel, on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from pipeline.pictures.canvas import SOFT, Canvas, text_width
from pipeline.pictures.curve_panel import Frame, Panel, draw_panel

COLUMNS = 2
WIDTH, HEIGHT = 390.0, 190.0  # of a panel's axes, points
LEFT, TOP, BETWEEN, FOOT, EDGE = 62.0, 96.0, 84.0, 50.0, 24.0


def draw_curves(
    path: Path, title: str, notes: Sequence[str], axis: str, panels: Sequence[Panel], description: str
) -> None:
    """Write the PNG; `axis` names the parameter and its unit, `notes` stand below the title."""
    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    texts = max([text_width(title, 17), *(text_width(note) for note in notes)])
    width = max(columns * (LEFT + WIDTH) + 26, EDGE + texts + 20)
    head = TOP + 17 * len(notes)
    canvas = Canvas(width, head + rows * HEIGHT + (rows - 1) * BETWEEN + FOOT)
    canvas.text((EDGE, 34), title, 17, "ls")
    for i, note in enumerate(notes):
        canvas.text((EDGE, 55 + 17 * i), note, 12, "ls", SOFT)
    for i, panel in enumerate(panels):
        row, column = divmod(i, columns)
        left = LEFT + column * (WIDTH + LEFT)
        frame = Frame(left, head + row * (HEIGHT + BETWEEN), WIDTH, HEIGHT)
        draw_panel(canvas, frame, panel)
        canvas.text((left + WIDTH / 2, frame.top + HEIGHT + 25), axis, 11.5, "ma", SOFT)
    canvas.save(path, description)
