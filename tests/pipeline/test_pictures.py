"""Charts show what they are given, and survive what cannot be shown."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

from pipeline.pictures.canvas import Canvas, description, drawable, text_width
from pipeline.pictures.curve_panel import COLOUR, SEEN, Mean, Panel
from pipeline.pictures.curves import draw_curves
from pipeline.pictures.heat_map import BAD, GOOD, Entry, HeatMap, draw_heat_maps, shade
from pipeline.report.numbers import short

RATES = st.floats(0, 1)
NAN = math.nan


@pytest.mark.parametrize("text", [short(-2000.0), short(-0.25), "N·m", "m/s²", "≤ 3 µs"])
def test_the_font_can_show_every_label(text: str) -> None:
    """What it cannot is an empty box, the same for all such characters."""
    font = ImageFont.load_default(40)
    box = bytes(font.getmask("\ufffe"))
    assert all(bytes(font.getmask(character)) != box for character in drawable(text))


def amount(path: Path, colour: str) -> int:
    """Pixels of exactly this colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.asarray(Image.open(path).convert("RGB")) == wanted).all(axis=2).sum())


def curves(path: Path, panel: Panel) -> Path:
    draw_curves(path, "title", ["a note"], "gravity (m/s²)", [panel], "what it shows")
    return path


def test_the_shaded_part_of_the_width_is_what_was_trained(tmp_path: Path) -> None:
    means = [Mean(0.5, 0.4, 0.6)] * 3
    half, whole, none = (
        amount(curves(tmp_path / f"{i}.png", Panel("rate", [0, 5, 10], means, seen, (0, 1))), SEEN)
        for i, seen in enumerate([(0.0, 5.0), (-3.0, 30.0), (20.0, 30.0)])
    )
    assert half / whole == pytest.approx(0.5 / 1.06, rel=0.03)  # 3 % of the width on both sides
    assert none == 0


def test_what_is_not_finite_is_left_out(tmp_path: Path) -> None:
    known, unknown = Mean(1.0, 0.5, 1.5), Mean(NAN, NAN, NAN)
    some = curves(tmp_path / "some.png", Panel("return", [0, 1, 2], [known, unknown, known]))
    nothing = curves(tmp_path / "nothing.png", Panel("return", [0, 1, 2], [unknown] * 3))
    assert amount(some, COLOUR) > 0
    assert amount(nothing, COLOUR) == 0
    flat = curves(tmp_path / "flat.png", Panel("return", [0, 1], [Mean(2.0, 2.0, 2.0)] * 2))
    assert amount(flat, COLOUR) > 0


def test_a_picture_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.png"
    canvas = Canvas(40, 20)
    canvas.save(path, "rate − 95 % in m/s²")
    assert description(path) == "rate − 95 % in m/s²"
    assert Image.open(path).size == (80, 40)
    Image.new("RGB", (2, 2)).save(tmp_path / "plain.png")
    assert description(tmp_path / "plain.png") == "plain"
    assert text_width("m/s²") == text_width("m/s^2")  # which the font has no other way to show


def test_colours_of_a_heat_map_are_those_of_its_values(tmp_path: Path) -> None:
    def draw(value: float, marked: bool = False) -> Path:
        entries = [[Entry(value, "1.00", "[0.9, 1]", marked), Entry(0.0, "0", "[0, 0.1]")]]
        path = tmp_path / "map.png"
        domains = ["nominal", "a-domain-with-a-very-long-name"]
        maps = [HeatMap("Success", entries, GOOD, (0.0, 1.0))]
        draw_heat_maps(path, "t", [], ["policy"], domains, maps, "d")
        return path

    strong = amount(draw(1.0), "#0072b2")
    assert strong > 10_000
    assert amount(draw(0.5), "#0072b2") == 0
    assert 0 < amount(draw(1.0, marked=True), "#0072b2") < strong


@given(RATES, RATES)
def test_more_is_darker(a: float, b: float) -> None:
    low, high = sorted((a, b))
    for colour in (GOOD, BAD):
        pale, strong = shade(low, (0, 1), colour), shade(high, (0, 1), colour)
        assert all(p >= s for p, s in zip(pale, strong, strict=True))
    assert (shade(0.0, (0, 1), BAD), shade(1.0, (0, 1), BAD)) == ((255, 255, 255), BAD)


def test_a_map_of_equal_or_unknown_values_has_colours_too() -> None:
    assert shade(NAN, (0, 1), GOOD) == (221, 221, 221)
    assert shade(3.0, (3.0, 3.0), GOOD) not in (GOOD, (255, 255, 255))
