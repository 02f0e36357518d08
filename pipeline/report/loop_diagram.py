"""The project in one picture: what travels between simulation and robot, and by which command.

Run as a module, it writes the picture that the README shows:
`python -m pipeline.report.loop_diagram docs/images/loop.svg`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.report.markup import Markup, join, tag

WIDTH, HEIGHT = 1000, 540
TOP, BOTTOM = 150, 410  # y of the two rows of stations
LEFT, MIDDLE, RIGHT = 336, 572, 848  # x of the stations

STYLE = """
svg { --paper: #fffefb; --sim: #eaf1f7; --ground: #f3ede0; --hill: #e2d5bb; --ink: #1d2327; --soft: #56616b;
  --rule: #b9c0c6; --blue: #2472a8; --earth: #9a5b1e; --green: #00785e; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #232a2f; --sim: #18232c; --ground: #26211a; --hill: #372d20; --ink: #eceae4; --soft: #a9b3bb;
    --rule: #55606a; --blue: #7dbcec; --earth: #e0a566; --green: #46cfa5; }
}
text { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--ink); }
text { text-anchor: middle; }
.zone { font-size: 17px; font-weight: 650; letter-spacing: .02em; }
.name { font-size: 19px; font-weight: 650; } .note { font-size: 15px; fill: var(--soft); }
.command { font: 600 15px ui-monospace, "DejaVu Sans Mono", Menlo, monospace; fill: var(--green); }
.box { fill: var(--paper); stroke: var(--rule); stroke-width: 1.5; }
.way { fill: none; stroke: var(--ink); stroke-width: 2.5; }
.icon { fill: none; stroke-width: 2.6; stroke-linecap: round; stroke-linejoin: round; }
"""


def loop_diagram() -> str:
    """An SVG document; its colours follow the reader's light or dark mode."""
    title = "The loop of terrafirma"
    description = (
        "A recipe trains a policy in simulation. It is exported as policy.onnx, which carries its contract, "
        "and deployed over ROS 2 on a robot, real or emulated in MuJoCo. What the robot does is recorded in "
        "a bag, from which the policy is adapted, exported and deployed again. One command, terrafirma run, "
        "does all of it and writes a report."
    )
    body = join(
        tag("title", title, id="title"),
        tag("desc", description, id="description"),
        tag("style", Markup(STYLE)),
        _arrowhead(),
        _zones(),
        _ways(),
        _stations(),
        _center(),
    )
    return (
        tag(
            "svg",
            body,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            role="img",
            aria_labelledby="title description",
        )
        + "\n"
    )


def _text(x: float, y: float, text: str, kind: str, **attributes: str) -> Markup:
    return tag("text", text, x=x, y=y, class_=kind, **attributes)


def _arrowhead() -> Markup:
    head = tag("path", d="M0 0 9 4.5 0 9z", style="fill:var(--ink)")
    size = {"markerWidth": "9", "markerHeight": "9", "refX": "8", "refY": "4.5"}
    return tag("defs", tag("marker", head, id="head", orient="auto", markerUnits="userSpaceOnUse", **size))


def _zones() -> Markup:
    edge = WIDTH - 20
    ground = f"M{MIDDLE} 20H{edge - 20}A20 20 0 0 1 {edge} 40V500A20 20 0 0 1 {edge - 20} 520H{MIDDLE}z"
    hills = (
        f"M{MIDDLE} 520V482C640 456 680 488 735 474S850 444 900 466 970 472 {edge} 460"
        f"V500A20 20 0 0 1 {edge - 20} 520z"
    )
    return join(
        tag("rect", x=20, y=20, width=edge - 20, height=500, rx=20, style="fill:var(--sim)"),
        tag("path", d=ground, style="fill:var(--ground)"),
        tag("path", d=hills, style="fill:var(--hill)"),
        _text(44, 54, "simulation", "zone", style="text-anchor:start;fill:var(--blue)"),
        _text(956, 54, "solid ground", "zone", style="text-anchor:end;fill:var(--earth)"),
    )


def _ways() -> Markup:
    ways = (
        f"M174 {TOP}H{LEFT - 96}",
        f"M{LEFT + 88} {TOP}H{MIDDLE - 83}",
        f"M{MIDDLE + 75} {TOP}H{RIGHT - 98}",
        f"M{RIGHT - 22} {TOP + 52}V{BOTTOM - 60}",
        f"M{RIGHT + 22} {BOTTOM - 52}V{TOP + 60}",
        f"M{RIGHT - 90} {BOTTOM}H{MIDDLE + 83}",
        f"M{MIDDLE - 75} {BOTTOM}H{LEFT + 96}",
        f"M{LEFT} {BOTTOM - 52}V{TOP + 60}",
    )
    middle = (TOP + BOTTOM) / 2 + 5
    words = (
        _text(209, TOP - 12, "train", "command"),
        _text(459, TOP - 12, "export", "command"),
        _text(701, TOP - 12, "deploy", "command"),
        _text(704, BOTTOM - 12, "collect", "command"),
        _text(463, BOTTOM - 12, "adapt", "command"),
        _text(RIGHT - 34, middle, "set-points", "note", style="text-anchor:end"),
        _text(RIGHT + 34, middle, "sensors", "note", style="text-anchor:start"),
        _text(LEFT - 14, middle, "train on", "note", style="text-anchor:end"),
    )
    return join(*(tag("path", d=way, class_="way", marker_end="url(#head)") for way in ways), *words)


def _stations() -> Markup:
    return join(
        _file(107, TOP, 134, 90),
        _text(107, TOP + 6, "recipe.yaml", "name", style="font-size:17px"),
        _card(LEFT, TOP, 176),
        _text(LEFT, TOP - 2, "PyBullet", "name"),
        _text(LEFT, TOP + 24, "randomized worlds", "note"),
        _file(MIDDLE, TOP, 150, 152),
        _network(MIDDLE, TOP - 38),
        _text(MIDDLE, TOP + 12, "policy.onnx", "name"),
        _text(MIDDLE, TOP + 36, "contract", "note"),
        _text(MIDDLE, TOP + 57, "golden trace", "note"),
        _card(RIGHT, TOP, 180),
        _text(RIGHT, TOP - 2, "policy node", "name"),
        _text(RIGHT, TOP + 24, "ROS 2, no torch", "note"),
        _card(RIGHT, BOTTOM, 180),
        _arm(RIGHT - 62, BOTTOM + 4),
        _text(RIGHT + 24, BOTTOM - 2, "robot", "name"),
        _text(RIGHT + 24, BOTTOM + 24, "real or MuJoCo", "note"),
        _file(MIDDLE, BOTTOM, 150, 104),
        _text(MIDDLE, BOTTOM, "bag", "name"),
        _text(MIDDLE, BOTTOM + 25, "MCAP", "note"),
        _card(LEFT, BOTTOM, 176),
        _text(LEFT, BOTTOM - 2, "close the gap", "name"),
        _text(LEFT, BOTTOM + 24, "DARC, fine-tuning", "note"),
    )


def _center() -> Markup:
    y = (TOP + BOTTOM) / 2 + 10
    return join(
        tag("rect", x=MIDDLE - 122, y=y - 31, width=244, height=62, rx=31, class_="box"),
        _text(MIDDLE, y - 4, "terrafirma run", "command", style="font-size:18px"),
        _text(MIDDLE, y + 18, "all of it, and a report", "note"),
    )


def _card(x: float, y: float, width: float) -> Markup:
    return tag("rect", x=x - width / 2, y=y - 52, width=width, height=104, rx=14, class_="box")


def _file(x: float, y: float, width: float, height: float) -> Markup:
    """A sheet with a folded corner, centred on (x, y)."""
    left, top, right, bottom, fold = x - width / 2, y - height / 2, x + width / 2, y + height / 2, 20
    sheet = f"M{left} {top}H{right - fold}L{right} {top + fold}V{bottom}H{left}z"
    corner = f"M{right - fold} {top}V{top + fold}H{right}"
    style = "fill:none;stroke-linejoin:round"
    return join(
        tag("path", d=sheet, class_="box", stroke_linejoin="round"),
        tag("path", d=corner, class_="box", style=style),
    )


def _network(x: float, y: float) -> Markup:
    """Three inputs, two outputs."""
    before = [(x - 26, y + offset) for offset in (-18, 0, 18)]
    after = [(x + 26, y + offset) for offset in (-10, 10)]
    edges = " ".join(f"M{a} {b}L{c} {d}" for a, b in before for c, d in after)
    dots = [tag("circle", cx=a, cy=b, r=5, style="fill:var(--blue)") for a, b in before + after]
    return join(tag("path", d=edges, class_="icon", style="stroke:var(--rule);stroke-width:1.6"), *dots)


def _arm(x: float, y: float) -> Markup:
    """A small arm on its base."""
    links = f"M{x} {y + 26}V{y + 6}L{x + 16} {y - 18}L{x - 6} {y - 32}"
    base = f"M{x - 13} {y + 28}H{x + 13}"
    joints = [
        tag("circle", cx=a, cy=b, r=4.5, style="fill:var(--earth)") for a, b in ((x, y + 6), (x + 16, y - 18))
    ]
    return join(tag("path", d=f"{links} {base}", class_="icon", style="stroke:var(--earth)"), *joints)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(loop_diagram(), encoding="utf-8")
