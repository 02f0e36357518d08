"""The report: complete, self-contained, safe with hostile text, and honest about its numbers."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from pipeline.report import (
    Diagnostic,
    GapParameter,
    LearningCurve,
    ReportData,
    Stage,
    SummaryRow,
    Video,
    render,
    write_report,
)
from pipeline.report.curves import finite_points, smoothed
from pipeline.report.headline import verdict
from pipeline.report.loop_diagram import loop_diagram
from pipeline.report.numbers import decimal, duration, percent, short, ticks, whole

ROOT = Path(__file__).resolve().parents[2]
VOID = {"meta", "img", "br", "circle", "line", "path", "polyline", "rect"}
HOSTILE = "<script>alert('x')</script>\"&'><img src=https://evil.example/a.png onerror=alert(1)>"


class Page(HTMLParser):
    """Reads a page strictly: every element closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data


def gif() -> bytes:
    frames = [Image.new("RGB", (8, 6), (k * 60, 0, 0)) for k in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=50, loop=0)
    return out.getvalue()


def row(method: str, domain: str, rate: float, low: float, high: float, steps: int = 0) -> SummaryRow:
    return SummaryRow(method, domain, -12.5, (-14.0, -11.0), rate, (low, high), 50, steps, 75.0)


@pytest.fixture
def data() -> ReportData:
    steps = np.arange(100) * 200.0
    curve = LearningCurve("source", steps, np.sin(steps / 3000.0), "return", "source steps")
    return ReportData(
        title="arm-test",
        rows=(
            row("source", "healthy", 1.0, 0.93, 1.0),
            row("zero-shot", "broken", 0.18, 0.10, 0.31),
            row("fine-tune", "broken", 0.34, 0.22, 0.48, 3000),
            row("darc", "broken", 0.72, 0.58, 0.83, 3000),
            row("oracle", "broken", 0.98, 0.89, 1.0, 60000),
        ),
        description="What this run did.",
        curves=(curve, LearningCurve("fine-tune", [0, 3000], [-3.0, -1.0], "return", "target steps")),
        gap=(GapParameter("joint_strength.a1", 1.0, 0.0, "1"), GapParameter("gravity", -9.81, -9.81, "m/s²")),
        diagnostics=(
            Diagnostic("Classifiers", (replace(curve, label="mean Δr", quantity="Δr"),), "To zero."),
        ),
        videos=(Video("PyBullet", gif()), Video("MuJoCo", gif())),
        stages=(Stage("train", 118.0), Stage("adapt", 64.0)),
        commands=("terrafirma run arm-test",),
        recipe="robot: arm\ntask: reach\n",
        commit="0123abcd",
        versions=(("torch", "2.13.0"),),
    )


def test_every_row_is_in_the_table(data: ReportData) -> None:
    rows = [[cell.replace("\u202f", " ") for cell in cells] for cells in Page(render(data)).rows]
    assert ["Source", "healthy", "100 %", "93 % – 100 %"] in [cells[:4] for cells in rows]
    assert ["Zero-shot", "broken", "18 %", "10 % – 31 %"] in [cells[:4] for cells in rows]
    assert ["Fine-tuned", "broken", "34 %", "22 % – 48 %"] in [cells[:4] for cells in rows]
    tail = ["−12.5", "−14.0 … −11.0", "50", "3 000", "1 min 15 s"]
    assert ["DARC", "broken", "72 %", "58 % – 83 %", *tail] in rows
    assert ["Oracle", "broken", "98 %", "89 % – 100 %"] in [cells[:4] for cells in rows]


def test_every_part_is_shown(data: ReportData) -> None:
    text = Page(render(data)).text
    for part in (
        "What this run did.",
        "joint_strength.a1",
        "m/s²",
        "mean Δr",
        "To zero.",
        "terrafirma run arm-test",
        "robot: arm\ntask: reach\n",
        "0123abcd",
        "2.13.0",
    ):
        assert part in text


def test_the_drawing_says_what_the_table_says(data: ReportData) -> None:
    """Bars and whiskers stand where the numbers are."""
    styles = [attrs.get("style") or "" for tag, attrs in Page(render(data)).elements if tag == "div"]
    assert "width:72.000%" in styles
    assert "left:58.000%;width:25.000%" in styles


def test_pictures_are_inside_and_described(data: ReportData) -> None:
    images = [attrs for tag, attrs in Page(render(data)).elements if tag == "img"]
    assert [attrs["alt"] for attrs in images] == ["PyBullet", "MuJoCo"]
    for attrs in images:
        kind, text = (attrs["src"] or "").split(",")
        assert kind == "data:image/gif;base64"
        assert base64.b64decode(text) == gif()


def test_drawings_speak(data: ReportData) -> None:
    spoken = [attrs for _, attrs in Page(render(data)).elements if attrs.get("role") == "img"]
    assert len(spoken) == 5
    assert all(len(attrs["aria-label"] or "") > 20 for attrs in spoken)


def test_nothing_is_fetched_or_executed(data: ReportData) -> None:
    text = render(data)
    page = Page(text)
    assert re.findall(r"https?:|//\w|@import|url\(", text) == []
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.elements}
    policies = [attrs["content"] for _, attrs in page.elements if "http-equiv" in attrs]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_hostile_text_stays_text(data: ReportData) -> None:
    hostile = ReportData(
        title=HOSTILE,
        rows=(replace(data.rows[1], method=HOSTILE, domain=HOSTILE), *data.rows),
        description=HOSTILE,
        curves=(LearningCurve(HOSTILE, [0, 1], [0, 1], HOSTILE, HOSTILE),),
        gap=(GapParameter(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        diagnostics=(Diagnostic(HOSTILE, (LearningCurve(HOSTILE, [0], [0]),), HOSTILE),),
        videos=(Video(HOSTILE, gif()),),
        stages=(Stage(HOSTILE, 1.0),),
        commands=(HOSTILE,),
        recipe=HOSTILE,
        commit=HOSTILE,
        versions=((HOSTILE, HOSTILE),),
    )
    page = Page(render(hostile))
    assert "script" not in {tag for tag, _ in page.elements}
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
    sources = [attrs["src"] or "" for _, attrs in page.elements if "src" in attrs]
    assert all(source.startswith("data:image/gif;") for source in sources)
    assert page.text.count(HOSTILE) >= 15


def test_an_empty_run_still_gives_a_page() -> None:
    page = Page(render(ReportData("nothing yet", ())))
    assert "nothing yet" in page.text
    assert "h2" not in {tag for tag, _ in page.elements}


def test_numbers_that_are_missing_do_not_break_it(data: ReportData) -> None:
    nan = float("nan")
    unknown = SummaryRow("darc", "broken", nan, (nan, nan), nan, (nan, nan), 0, 0, nan)
    flat = LearningCurve("flat", [5.0], [2.0])
    empty = LearningCurve("empty", [1.0, 2.0], [nan, nan], "loss")
    page = Page(render(replace(data, rows=(unknown,), curves=(flat, empty))))
    assert "nothing was measured" in page.text
    assert "nan" not in render(replace(data, rows=(unknown,), curves=(flat, empty)))


@pytest.mark.parametrize(
    ("best", "kind"),
    [((0.72, 0.58, 0.83), "good"), ((0.34, 0.22, 0.48), "unsure"), ((0.10, 0.04, 0.21), "bad")],
)
def test_the_verdict_follows_the_intervals(best: tuple[float, float, float], kind: str) -> None:
    zero = row("zero-shot", "broken", 0.18, 0.10, 0.31)
    assert verdict(zero, row("darc", "broken", *best))[0] == kind


def test_the_headline_compares_within_one_domain(data: ReportData) -> None:
    """Neither the source row nor the oracle is what adaptation achieved."""
    text = Page(render(data)).text.replace("\u202f", " ")
    assert "DARC saw 3 000 steps of the target." in text
    elsewhere = replace(data, rows=(data.rows[1], replace(data.rows[3], domain="another")))
    assert "of the target." not in Page(render(elsewhere)).text


def test_pictures_of_evaluations_are_inside_the_page(data: ReportData) -> None:
    assert "Robustness and transfer" not in Page(render(data)).text
    page = Page(render(replace(data, pictures=(Video("over friction", gif()),))))
    assert "Robustness and transfer" in page.text
    assert "over friction" in page.text
    images = [attrs["src"] for tag, attrs in page.elements if tag == "img"]
    assert len(images) == len(data.videos) + 1
    assert all(str(source).startswith("data:image/gif;base64,") for source in images)


def test_writing_is_whole_or_not_at_all(data: ReportData, tmp_path: Path) -> None:
    path = tmp_path / "run" / "report.html"
    write_report(data, path)
    first = path.read_text(encoding="utf-8")
    assert first == render(data)
    broken = replace(data, rows=(replace(data.rows[0], success_ci95=None),))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        write_report(broken, path)
    assert path.read_text(encoding="utf-8") == first
    assert [item.name for item in path.parent.iterdir()] == ["report.html"]


def test_smoothing_keeps_a_line_and_calms_noise() -> None:
    line = np.linspace(-3.0, 5.0, 200)
    np.testing.assert_allclose(smoothed(line), line, atol=1e-9)
    noise = np.random.default_rng(0).normal(size=2000)
    assert smoothed(noise).std() < 0.25 * noise.std()


def test_curves_are_sorted_and_finite() -> None:
    curve = LearningCurve("c", [3, 1, 2, 4], [30.0, 10.0, np.nan, 40.0])
    np.testing.assert_array_equal(finite_points(curve), [[1, 10], [3, 30], [4, 40]])


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-31.2, -7.4), (3.0, 3.0), (0.0, 20300.0), (-1e-3, 2e-3)]
)
def test_marks_enclose_the_values_with_round_steps(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 2 <= len(marks) <= 7
    np.testing.assert_allclose(np.diff(marks), marks[1] - marks[0], rtol=1e-6)


def test_numbers_read_well() -> None:
    plain = [
        text.replace("\u202f", " ")
        for text in (percent(0.714), whole(12345.0), duration(75.2), duration(7260))
    ]
    assert plain == ["71 %", "12 345", "1 min 15 s", "2 h 1 min"]
    assert [decimal(x) for x in (-12.345, 0.0, 1234.5, 0.01234)] == ["−12.3", "0", "1234", "0.0123"]
    assert [short(x) for x in (20000.0, -0.5, 2.5e6)] == ["20k", "−0.5", "2.5M"]


def test_the_picture_of_the_loop_is_current() -> None:
    """Draw it anew with: python -m pipeline.report.loop_diagram docs/images/loop.svg."""
    text = loop_diagram()
    assert (ROOT / "docs" / "images" / "loop.svg").read_text(encoding="utf-8") == text
    root = ElementTree.fromstring(text)
    words = " ".join(element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text"))
    for word in ("recipe.yaml", "PyBullet", "policy.onnx", "robot", "bag", "adapt", "terrafirma run"):
        assert word in words
