"""Running: paid up to the commanded speed, judged by the average once it has settled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract.state import RobotState
from sim.robots import load_robot
from sim.tasks.base import Step
from sim.tasks.run import STAND_FRACTION, UP_BONUS, Run
from sim.truth import Truth

LEVEL = np.array([0.0, 0.0, 0.0, 1.0])  # xyzw
RUN = Run(load_robot("half_cheetah"))


def step(speed: float, command: float) -> Step:
    n = len(RUN.robot.joints)
    state = RobotState(np.zeros(n), np.zeros(n), np.zeros(n))
    moving = np.array([speed, 0.0, 0.0])
    truth = Truth(np.array([0.0, 0.0, 0.6]), moving, moving, np.zeros(3), LEVEL)
    return Step(state, np.array([command]), np.zeros(n), np.zeros(n), None, truth)


@pytest.mark.parametrize(
    ("speed", "command", "paid"),
    [(1.0, 3.0, 1.0), (3.0, 3.0, 3.0), (4.0, 3.0, 2.0), (0.5, 0.0, -0.5), (0.0, 0.0, 0.0)],
)
def test_speed_pays_up_to_the_command(speed: float, command: float, paid: float) -> None:
    assert RUN.reward(step(speed, command)) * RUN.control_rate == pytest.approx(paid + UP_BONUS)


def test_a_fall_is_one_in_truth_whatever_the_imu_says() -> None:
    lying, upright = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2.0), LEVEL
    for true, measured in ((lying, upright), (upright, lying)):
        now = step(1.0, 1.0)
        assert now.truth is not None
        now.state.orientation = measured
        now = replace(now, truth=replace(now.truth, base_orientation=true))
        assert bool(RUN.terminated(now)) == (true is lying)


def history(speeds: np.ndarray, command: float) -> dict[str, list[float]]:
    return {"speed": speeds.tolist(), "shortfall": (command - speeds).tolist()}


def test_success_is_the_average_speed_however_it_swings() -> None:
    swinging = 1.0 + 2.0 * np.sin(np.arange(500))
    assert RUN.success(history(swinging, 1.0), terminated=False)
    assert not RUN.success(history(swinging, 1.0), terminated=True)
    assert not RUN.success(history(swinging, 4.0), terminated=False)
    standing = np.zeros(500)
    assert RUN.success(history(standing, 0.0), terminated=False)
    assert not RUN.success(history(standing, 1.0), terminated=False)
    assert not RUN.success(history(standing + 0.5, 0.0), terminated=False)
    assert not RUN.success(history(standing[:20], 0.0), terminated=False)  # nothing has settled yet


def test_some_commands_ask_to_stand() -> None:
    rng = np.random.default_rng(0)
    commands = np.array([RUN.sample_command(rng)[0] for _ in range(2_000)])
    assert np.mean(commands == 0.0) == pytest.approx(STAND_FRACTION, abs=0.03)
