"""A robot that is told nothing stands where it is, in every engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.rotation import tilt
from sim.domains.domain import ENGINES
from sim.robots import ROBOTS
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]
SECONDS = 10.0
TREMBLING = {"ant"}  # Bullet's rigid contacts shake its round feet by less than a tenth of a degree


def still(robot: SimulatedRobot) -> None:
    """Let 10 s pass; the last of them must not differ from the one before."""
    steps = round(1.0 / robot.spec.time_step)
    robot.step(round((SECONDS - 1.0) * steps))
    before = robot.sense().joint_position
    robot.step(steps)
    after = robot.sense()
    factor = 10.0 if robot.spec.name in TREMBLING else 1.0
    assert np.abs(after.joint_position - before).max() < factor * 1e-4
    assert np.abs(after.joint_velocity).max() < factor * 1e-3


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ROBOTS)
def test_every_robot_stands_still(simulate: Simulate, name: str, engine: str) -> None:
    robot = simulate(name, engine)
    still(robot)
    default = np.array([joint.default_position for joint in robot.spec.joints])
    limits = np.array([joint.max_effort for joint in robot.spec.joints])
    assert np.abs(robot.sense().joint_position - default).max() < 0.15
    assert (np.abs(robot.torque) < 0.5 * limits).all()
    base, orientation, _ = robot.pose()
    assert np.abs(base[:2]).max() < 0.05
    assert tilt(orientation) < 0.15
    assert robot.truth().foot_contacts.tolist() == [1.0] * len(robot.spec.feet)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_arm_carries_its_own_weight(simulate: Simulate, engine: str) -> None:
    robot = simulate("iiwa", engine)
    still(robot)
    default = np.array([joint.default_position for joint in robot.spec.joints])
    assert np.abs(robot.sense().joint_position - default).max() < 0.01


@pytest.mark.parametrize("engine", ENGINES)
def test_the_quadruped_stands_upright_on_four_feet(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine)
    still(robot)
    truth, state = robot.truth(), robot.sense()
    assert 0.24 < truth.base_position[2] < 0.30
    assert np.abs(truth.base_position[:2]).max() < 0.03
    assert tilt(state.orientation) < 0.02
    assert truth.foot_contacts.tolist() == [1.0] * 4
    assert np.abs(truth.base_linear_velocity).max() < 1e-3
    assert np.allclose(state.accelerometer, [0.0, 0.0, 9.81], atol=0.15)  # +g on z at rest
    assert np.allclose(state.gyro, 0.0, atol=1e-3)
