"""Nodes die by SIGKILL at any moment: the others reach their safe state, and the bag is there.

KILLS says how often (default: each node once); `make study-sigkill` kills 50 times and writes
docs/sigkill.md.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from robot_bridge.heartbeat import TIMEOUT
from robot_bridge.tick import Mode
from robot_bridge.transitions import load_transitions
from tests.robot_bridge.sigkill.bench import NODES, KillBench
from tests.robot_bridge.sigkill.table import Kill, write_table

PAGE = Path(__file__).parents[2] / "docs" / "sigkill.md"
COUNT = int(os.environ.get("KILLS", str(len(NODES))))
MOMENTS = random.SystemRandom()
ENOUGH = 0.5  # s of walking, of which a bag that loses 0.2 s at most holds running ticks
LATEST = 3.0  # s of walking after which a node dies at the latest
READABLE = 1.0  # s before the kill, up to which everything is in the bag
START = 90.0  # s, for four processes to start beside whatever else this machine does
SAG, STILL = 0.15, 0.02  # rad, from the default pose on four legs, and in 0.1 s
SEEN: list[Kill] = []

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module", autouse=True)
def page() -> Iterator[None]:
    yield
    if os.environ.get("WRITE_SIGKILL") and len(SEEN) == COUNT:  # nothing went wrong
        write_table(PAGE, SEEN)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[KillBench]:
    made = KillBench(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("node", [NODES[i % len(NODES)] for i in range(COUNT)])
def test_the_others_are_safe_and_the_bag_is_readable(bench: KillBench, node: str) -> None:
    assert bench.is_walking(START), "the bench is not well"
    assert bench.until(bench.is_heard), "discovery has not found all of the robot"
    moment = MOMENTS.uniform(0.0, LATEST)
    sys.stdout.write(f"{node} dies after {moment:.6f} s of walking\n")  # shown if the test fails
    bench.spin(moment)
    bench.forget()
    began = time.monotonic()
    killed = bench.kill(node)
    lost = bench.seconds_lost(node, killed) if node == "recorder" else 0.0
    took = REACTIONS[node](bench, began)
    assert not bench.has_fallen(), (max(bench.tilt), min(bench.height))
    _check_limits(bench)
    assert bench.others_alive(node)
    if node != "recorder":
        assert bench.end_recorder() == 0
        lost = bench.seconds_lost(node, killed)
    assert lost < READABLE
    if moment > ENOUGH:
        assert len(load_transitions(bench.bag)) > 0  # each observation is built again from the bag's sensors
    SEEN.append(Kill(node, lost, took))


def _robot_stands(bench: KillBench, began: float) -> float:
    """The robot's own time-out makes it stand."""

    def stands() -> bool:
        return len(bench.joints) > 20 and bench.from_standing()[0] < SAG and bench.from_standing()[1] < STILL

    assert bench.until(stands, 5.0), bench.from_standing()
    took = time.monotonic() - began
    bench.spin(1.0)
    return took


def _policy_holds(bench: KillBench, began: float, cause: str, within: float) -> float:
    """A busy machine may have made it hold for late sensors before; the cause is what counts."""
    assert bench.until(lambda: bench.has_said(f"holding: {cause}", began), within), bench.said
    said = next(at for at, message in bench.said if at >= began and message == f"holding: {cause}")
    bench.spin(1.0)
    assert {seen.tick.mode for seen in bench.ticks if seen.at > said} <= {Mode.HOLDING}
    return said - began


def _policy_stands_still(bench: KillBench, began: float) -> float:
    """It goes on, and the command's time-out makes it zero."""
    timeout = bench.contract.command.timeout
    assert timeout is not None

    def is_zero() -> bool:
        # NaN while it holds, as it may for late sensors on a busy machine
        return bool(bench.ticks) and not np.nan_to_num(bench.ticks[-1].tick.command).any()

    assert bench.until(is_zero, timeout + 5.0), "it goes on with an old command"
    took = time.monotonic() - began
    bench.spin(1.0)
    assert is_zero()
    return took


REACTIONS = {
    "policy": _robot_stands,
    "robot": lambda bench, began: _policy_holds(bench, began, "stale_sensors", 5.0),
    "recorder": lambda bench, began: _policy_holds(bench, began, "no_recorder", TIMEOUT + 5.0),
    "commander": _policy_stands_still,
}


def _check_limits(bench: KillBench) -> None:
    joints = bench.contract.joints
    points = bench.set_points().reshape(-1, len(joints))  # none, where the policy died
    assert (points >= [joint.lower for joint in joints]).all()
    assert (points <= [joint.upper for joint in joints]).all()
    assert np.isfinite(points).all()
