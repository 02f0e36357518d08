"""A white sheet to draw charts on: lines, boxes and text in points, saved as a sharp PNG."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

Point = tuple[float, float]

DENSITY = 2  # pixels a point in the file
SMOOTHING = 2  # further pixels while drawing: Pillow's lines have hard edges
SCALE = DENSITY * SMOOTHING
DESCRIPTION = "Description"  # a key that the PNG standard names
INK, SOFT, RULE = "#1b1b1b", "#666666", "#dcdcdc"
SUBSTITUTES = str.maketrans(
    {"²": "^2", "³": "^3", "·": " ", "≤": "<=", "µ": "u", "\u2212": "-", "\u202f": " "}
)


class Canvas:
    """`width` by `height` points, from the top left corner; text is black unless said otherwise."""

    def __init__(self, width: float, height: float) -> None:
        size = round(width * SCALE), round(height * SCALE)
        self._image = Image.new("RGB", size, "white")
        self._draw = ImageDraw.Draw(self._image)

    def line(self, points: Sequence[Point], colour: str = INK, width: float = 1.0) -> None:
        self._draw.line([_pixels(p) for p in points], colour, round(width * SCALE), joint="curve")

    def box(
        self, corner: Point, opposite: Point, fill: str | None, outline: str | None = None, width: float = 1
    ) -> None:
        pen = round(width * SCALE) if outline else 0
        self._draw.rectangle((*_pixels(corner), *_pixels(opposite)), fill, outline, pen)

    def dot(self, centre: Point, radius: float, colour: str, filled: bool = True) -> None:
        (x, y), r = _pixels(centre), radius * SCALE
        fill = colour if filled else "white"
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill, colour, round(1.4 * SCALE))

    def text(self, at: Point, text: str, size: float = 12, anchor: str = "la", colour: str = INK) -> None:
        """`anchor` is Pillow's: l, m or r across, and a (top), m or s (base line) upright."""
        self._draw.text(_pixels(at), drawable(text), colour, _font(size * SCALE), anchor)

    def save(self, path: Path, description: str) -> None:
        """Write a PNG that carries its description, whole or not at all."""
        size = self._image.width // SMOOTHING, self._image.height // SMOOTHING
        about = PngInfo()
        about.add_itxt(DESCRIPTION, description)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            image = self._image.resize(size, Image.Resampling.BOX)
            image.save(temporary, "PNG", optimize=True, pnginfo=about)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def text_width(text: str, size: float = 12) -> float:
    """Width of a text in points."""
    return float(_font(size * SCALE).getlength(drawable(text))) / SCALE


def drawable(text: str) -> str:
    """What the font that comes with Pillow can show of a text."""
    return text.translate(SUBSTITUTES)


def description(path: Path) -> str:
    """What a picture says of itself; its name, where it says nothing."""
    with Image.open(path) as image:
        return str(image.info.get(DESCRIPTION, path.stem))


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # given a size it is no bitmap font
    return font


def _pixels(point: Point) -> Point:
    return point[0] * SCALE, point[1] * SCALE
