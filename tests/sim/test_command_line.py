"""What happens to set-points on their way: late by a random time, or lost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.state import JointCommand
from sim.domains.domain import ENGINES
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

pytestmark = pytest.mark.parametrize("engine", ENGINES)

IIWA = load_robot("iiwa")
DEFAULT = np.array([joint.default_position for joint in IIWA.joints])
TRIALS = 100


def arrival(robot: SimulatedRobot, patience: int) -> int | None:
    """Steps until a set-point moves the motors; None if it has not within `patience` steps."""
    robot.step(100)  # any earlier one has come and gone
    robot.command(JointCommand.hold(robot.sense().joint_position + 0.01))
    before = robot.torque[0]
    for step in range(patience):
        robot.step(1)
        if abs(robot.torque[0] - before) > 2.0:  # kp * 0.01 rad = 4 N·m
            return step
    return None


@pytest.mark.shows("action_latency_jitter")
def test_jitter_adds_a_uniform_delay(simulate: Simulate, engine: str) -> None:
    robot = simulate("iiwa", engine, "gravity: 9.81, action_latency: 0.02, action_latency_jitter: 0.04")
    delays = [arrival(robot, 40) for _ in range(TRIALS)]
    assert None not in delays
    steps = np.array(delays)
    assert steps.min() in (8, 9)
    assert steps.max() in (23, 24)
    assert steps.mean() == pytest.approx(16.0, abs=5 * 4.6 / TRIALS**0.5)
    assert len(set(delays)) > 8


def test_jitter_keeps_the_order(simulate: Simulate, engine: str) -> None:
    """Set-points that rise by 1 mrad a step: what acts never falls back."""
    robot = simulate("iiwa", engine, "action_latency_jitter: 0.05")
    acting = []
    for i in range(200):
        robot.command(JointCommand.hold(DEFAULT + 1e-3 * i))
        robot.step(1)
        acting.append(robot._actuators.target_position[0])
    lags = [i - round((p - DEFAULT[0]) / 1e-3) for i, p in enumerate(acting)]
    assert (np.diff(acting) >= 0.0).all()
    assert 0 <= min(lags[30:]) < max(lags[30:]) <= 20


@pytest.mark.parametrize("loss", [0.3, 0.8])
@pytest.mark.shows("packet_loss")
def test_packets_are_lost_with_their_probability(simulate: Simulate, engine: str, loss: float) -> None:
    robot = simulate("iiwa", engine, f"packet_loss: {loss}")
    arrived = [arrival(robot, 2) == 0 for _ in range(TRIALS)]
    deviation = (loss * (1 - loss) / TRIALS) ** 0.5
    assert 1 - np.mean(arrived) == pytest.approx(loss, abs=4 * deviation)


def test_the_line_is_a_function_of_the_seed(simulate: Simulate, engine: str) -> None:
    def run(seed: int) -> list[int | None]:
        robot = simulate("iiwa", engine, "packet_loss: 0.3, action_latency_jitter: 0.02", seed=seed)
        return [arrival(robot, 20) for _ in range(10)]

    assert run(1) == run(1)
    assert run(1) != run(2)
