"""Where and how fast an episode starts is what the domain says on top of the task."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.rotation import quaternion_matrix, rpy_matrix
from sim.domains.domain import ENGINES
from sim.domains.parameters import PARAMETERS
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

LIMP = "gravity: 0, joint_strength: 0, joint_damping: 0"

Simulate = Callable[..., SimulatedRobot]

pytestmark = pytest.mark.parametrize("engine", ENGINES)


@pytest.mark.shows("start_position_offset")
@pytest.mark.parametrize("name", ["a1", "iiwa"])
def test_start_position_offset(simulate: Simulate, engine: str, name: str) -> None:
    joint = load_robot(name).joints[1]
    robot = simulate(name, engine, f"start_position_offset: {{{joint.name}: -0.2}}")
    rest = np.array([j.default_position for j in robot.spec.joints])
    shift = -0.2 * np.eye(len(rest))[1]
    assert np.allclose(robot.pose()[2], rest + shift)
    robot.reset(rest + 0.01)
    assert np.allclose(robot.pose()[2], rest + 0.01 + shift)
    assert np.allclose(robot.sense().joint_effort, 0.0)


@pytest.mark.shows("start_position_offset")
def test_a_start_stays_within_the_limits(simulate: Simulate, engine: str) -> None:
    robot = simulate("iiwa", engine, "start_position_offset: 0.5")
    upper = np.array([joint.upper for joint in robot.spec.joints])
    robot.reset(upper - 0.1)
    assert np.allclose(robot.pose()[2], upper)


@pytest.mark.shows("start_joint_velocity")
@pytest.mark.parametrize("name", ["a1", "iiwa"])
def test_start_joint_velocity(simulate: Simulate, engine: str, name: str) -> None:
    joint = load_robot(name).joints[2].name
    robot = simulate(name, engine, f"start_joint_velocity: {{{joint}: 1.5}}, {LIMP}")
    before = robot.sense()
    expected = 1.5 * np.eye(len(robot.spec.joints))[2]
    assert np.allclose(before.joint_velocity, expected)
    robot.step(1)
    moved = (robot.sense().joint_position - before.joint_position) / robot.spec.time_step
    assert np.allclose(moved, expected, atol=0.05)


@pytest.mark.shows("start_height_offset")
def test_start_height_offset(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine, "start_height_offset: 0.7")
    assert robot.truth().base_position == pytest.approx([0, 0, robot.spec.base_height + 0.7])
    robot.step(100)
    t, dt = 0.25, robot.spec.time_step
    fallen = robot.spec.base_height + 0.7 - robot.truth().base_position[2]
    assert fallen == pytest.approx(9.81 * t * (t + dt) / 2, rel=1e-3)


@pytest.mark.shows("start_rotation")
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_start_rotation(simulate: Simulate, engine: str, axis: int) -> None:
    robot = simulate("a1", engine, f"start_rotation: {{{'xyz'[axis]}: 0.3}}, start_height_offset: 0.5")
    position, orientation, _ = robot.pose()
    assert position == pytest.approx([0, 0, robot.spec.base_height + 0.5], abs=1e-6)
    expected = rpy_matrix(tuple(0.3 * np.eye(3)[axis]))
    assert np.allclose(quaternion_matrix(orientation), expected, atol=1e-9)
    assert np.allclose(quaternion_matrix(robot.sense().orientation), expected, atol=1e-9)


@pytest.mark.shows("start_velocity")
def test_start_velocity(simulate: Simulate, engine: str) -> None:
    robot = simulate(
        "a1", engine, "start_velocity: {x: 1, y: -0.5, z: 2}, start_height_offset: 0.5, gravity: 0"
    )
    assert np.allclose(robot.truth().base_linear_velocity, [1, -0.5, 2])
    start = robot.truth().base_position
    robot.step(100)
    assert np.allclose(robot.truth().base_position - start, [0.25, -0.125, 0.5], atol=2e-3)
    assert np.abs(robot.sense().accelerometer).max() < 0.5  # not the jump from rest


def test_a_nominal_start_is_upright_and_at_rest(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine)
    position, orientation, joints = robot.pose()
    assert position == pytest.approx([0, 0, robot.spec.base_height])
    assert orientation == pytest.approx([0, 0, 0, 1])
    assert np.allclose(joints, [joint.default_position for joint in robot.spec.joints])
    assert all(PARAMETERS[name].only_at_start for name in PARAMETERS if name.startswith("start_"))
