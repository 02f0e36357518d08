"""The page of the documentation that says what is left when a node is killed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.robot_bridge.sigkill.bench import NODES

HEAD = """\
# What happens when a node is killed

An A1 walks under the shipped policy as a commander asks it to, and a recorder writes a bag: four nodes in
processes of their own, over DDS, without a launch file that would end the others. One of them is killed with
SIGKILL at a random moment. The robot did not fall in any of them, no set-point left the joints' limits, and
from every bag the policy's observations could be built again. `make study-sigkill` does it again and writes
this page; a test kills each node once.

*Lost* is the time between the kill and the last message in the bag, of the topics that fall silent with the
node.

| node | kills | reaction | took, median | took, worst | lost, worst |
|---|---|---|---|---|---|
"""
TAIL = """
Nothing tells a policy at once that its recorder was killed: the middleware gives a participant that falls
silent 20 s, and was seen not to notice within 90 s on a busy machine. So the recorder has a heartbeat
(`recorder/alive`), and counts as gone after 3 s of silence. With a launch file all nodes end with the first,
at once.
"""
REACTION = {
    "policy": "the robot's own time-out (`command_timeout`, 0.1 s) makes it stand",
    "robot": "the policy holds: `stale_sensors`",
    "recorder": "the policy holds: `no_recorder`",
    "commander": "the command's time-out makes it zero: the policy steps on the spot",
}


@dataclass(frozen=True)
class Kill:
    """What came of one: s of the bag that are lost, and s until the others were safe."""

    node: str
    lost: float
    took: float


def write_table(path: Path, seen: Sequence[Kill]) -> None:
    """Write the page; nothing where a node was never killed."""
    rows = []
    for node in NODES:
        kills = [kill for kill in seen if kill.node == node]
        took = sorted(kill.took for kill in kills)
        median, worst, lost = took[len(took) // 2], took[-1], max(kill.lost for kill in kills)
        rows.append(
            f"| {node} | {len(kills)} | {REACTION[node]} | {median:.2f} s | {worst:.2f} s | {lost:.2f} s |\n"
        )
    path.write_text(HEAD + "".join(rows) + TAIL)
