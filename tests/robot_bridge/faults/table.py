"""The page of the documentation that says what follows from which fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from robot_bridge.policy_core import STAND
from tests.robot_bridge.faults.cases import HOLDS, Case

HEAD = """\
# What happens when something goes wrong

An A1 walks at 0.4 m/s under the shipped policy: an emulated robot in MuJoCo, the policy node and a node
that watches, each in a process of its own, over DDS. Then each of these is brought about. The robot did not
fall in any of them, and no set-point left the joints' limits. A test does it all again
(`tests/robot_bridge/faults`); `make faults` does it and writes this page.

*Holds* means that the robot stands within {stand} s: its set-points go to the default pose, or, once it has
tipped over or for an arm, stay where it is. It ramps in again when the cause is gone, after a stop when that
is [reset](ros.md#safety). The emulated robot's controller has a time-out of its own here (`command_timeout`,
0.1 s). A robot whose controller has none keeps its last set-point when the policy dies, and may fall in
the middle of a step: give yours one.

| fault | reaction | promised within | took | diagnostics | why so |
|---|---|---|---|---|---|
"""


def promise(case: Case) -> str:
    """Reaction and time of a row."""
    within = f"{1000.0 * case.within:.0f} ms" if case.within > 0.0 else ""
    return f"| {case.reaction} | {within} |"


def write_table(path: Path, cases: Sequence[Case], reacted: Mapping[str, float]) -> None:
    """Write the page, with the seconds that reactions took; raises KeyError where one was not seen."""
    rows = []
    for case in cases:
        took = f"{1000.0 * reacted[case.name]:.0f} ms" if case.reaction == HOLDS else ""
        says = f"`{case.says}`" if case.says else ""
        rows.append(f"| {case.name} {promise(case)} {took} | {says} | {case.why} |\n")
    path.write_text(HEAD.format(stand=STAND) + "".join(rows))
