"""What counts as success: judged at the end or on average, from lists as well as from arrays."""

from __future__ import annotations

import numpy as np
import pytest

from contract.state import Array
from sim.robots import load_robot
from sim.tasks.push import Push
from sim.tasks.reach import PreciseReach, Reach
from sim.tasks.velocity import Velocity

STEPS = 500
VELOCITY, REACH, PUSH = Velocity(load_robot("a1")), Reach(load_robot("iiwa")), Push(load_robot("iiwa"))
ERRORS = ("error_vx", "error_vy", "error_yaw_rate")
TICK = np.arange(STEPS)
SETTLING = TICK % 250 < 50  # one second after each command


def errors(vx: Array | float, vy: Array | float, yaw_rate: Array | float) -> dict[str, Array]:
    return dict(zip(ERRORS, (np.broadcast_to(e, STEPS) for e in (vx, vy, yaw_rate)), strict=True))


@pytest.mark.parametrize(
    ("history", "success"),
    [
        (errors(0.14, 0.14, 0.19), True),
        (errors(9.0 * SETTLING, 9.0 * SETTLING, 9.0 * SETTLING), True),
        (errors(0.3 * (TICK % 2), 0.0, 0.0), True),
        (errors(0.16, 0.0, 0.0), False),
        (errors(0.0, 0.16, 0.0), False),
        (errors(0.0, 0.0, 0.21), False),
        (errors(0.2 * ~SETTLING, 0.0, 0.0), False),
        ({name: np.zeros(40) for name in ERRORS}, False),  # nothing has settled yet
    ],
)
def test_velocity_is_judged_by_its_means_once_settled(history: dict[str, Array], success: bool) -> None:
    assert VELOCITY.success(history, terminated=False) is success
    assert VELOCITY.success({name: e.tolist() for name, e in history.items()}, terminated=False) is success
    assert VELOCITY.success(history, terminated=True) is False


@pytest.mark.parametrize(
    ("distance", "success"),
    [
        ([0.5] * 50 + [0.04] * 10, True),
        ([0.5] * 51 + [0.04] * 9, False),
        ([0.04] * 59 + [0.06], False),
        ([0.04] * 55 + [0.06] + [0.04] * 4, False),
    ],
)
def test_reach_is_judged_by_its_last_half_second(distance: list[float], success: bool) -> None:
    assert REACH.success({"distance": distance}, terminated=False) is success
    assert REACH.success({"distance": np.array(distance)}, terminated=False) is success


@pytest.mark.parametrize(("last", "success"), [(0.019, True), (0.021, False)])
def test_precise_reach_is_closer(last: float, success: bool) -> None:
    task = PreciseReach(load_robot("iiwa"))
    assert task.contract() == REACH.contract()
    assert task.success({"distance": [0.5] * 50 + [last] * 10}, terminated=False) is success


@pytest.mark.parametrize(("last", "success"), [(0.04, True), (0.06, False)])
def test_push_is_judged_by_where_the_puck_ends(last: float, success: bool) -> None:
    distance = [0.5 - last, last]
    assert PUSH.success({"distance": distance}, terminated=False) is success
    assert PUSH.success({"distance": np.array(distance)}, terminated=False) is success
