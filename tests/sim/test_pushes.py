"""Pushes come when they should, as hard as they should, from every side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from contract.kinematics import ForwardKinematics
from contract.state import Array
from sim.domains.domain import ENGINES
from sim.robots.spec import RobotSpec
from sim.robots.urdf import Urdf
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

pytestmark = pytest.mark.parametrize("engine", ENGINES)

BALL_MASS = 1.2  # kg


def velocities(robot: SimulatedRobot, steps: int) -> Array:
    """The base's velocity (steps + 1, 3) m/s after each step."""
    rows = [robot.engine.base().linear_velocity.copy()]
    for _ in range(steps):
        robot.step(1)
        rows.append(robot.engine.base().linear_velocity.copy())
    return np.array(rows)


@pytest.mark.shows("push_velocity", "push_interval")
def test_kicks_change_the_velocity_at_intervals(simulate: Simulate, ball: RobotSpec, engine: str) -> None:
    robot = simulate(ball, engine, "gravity: 0, push_velocity: 0.5, push_interval: 0.1")
    robot.step(3)
    robot.reset()  # time starts with the episode
    jumps = np.diff(velocities(robot, 4020), axis=0)
    sizes = np.linalg.norm(jumps, axis=1)
    kicked = np.flatnonzero(sizes > 1e-3)
    assert np.array_equal(kicked, 40 * np.arange(1, 101))
    assert np.allclose(sizes[kicked], 0.5, rtol=0.02)
    assert np.abs(jumps[kicked, 2]).max() < 1e-6
    angles = np.arctan2(jumps[kicked, 1], jumps[kicked, 0])
    quadrants = np.bincount((angles // (np.pi / 2)).astype(int) + 2, minlength=4)
    assert quadrants.min() > 10


@pytest.mark.shows("push_force", "push_duration")
@pytest.mark.parametrize("duration", [0.05, 0.2])
def test_a_force_accelerates_for_its_duration(
    simulate: Simulate, ball: RobotSpec, engine: str, duration: float
) -> None:
    parameters = f"gravity: 0, push_force: 6, push_duration: {duration}, push_interval: 0.5"
    speed = np.linalg.norm(velocities(simulate(ball, engine, parameters), 380), axis=1)
    start, steps = 200, round(duration / ball.time_step)
    assert np.abs(speed[: start + 1]).max() < 1e-9
    assert speed[start + 1] == pytest.approx(6 / BALL_MASS * ball.time_step, rel=0.02)
    assert speed[start + steps] == pytest.approx(6 / BALL_MASS * duration, rel=0.02)
    assert np.allclose(speed[start + steps :], speed[start + steps], rtol=0.01)


@pytest.mark.shows("push_force")
def test_a_force_bends_an_arm(simulate: Simulate, engine: str) -> None:
    """kp times the deviation is J^T f at the tool link's centre of mass, with |f| as asked."""
    robot = simulate("iiwa", engine, "push_force: 20, push_duration: 10, push_interval: 0.05")
    rest = robot.sense().joint_position
    robot.step(3000)
    iiwa, position = robot.spec, robot.sense().joint_position
    assert iiwa.kinematics is not None
    assert iiwa.tool is not None
    center = Urdf(iiwa.urdf).links[iiwa.tool.link].center
    point, h = ForwardKinematics(replace(iiwa.kinematics, tool=center)), 1e-6
    rows = [point.tool_position(position + d) - point.tool_position(position - d) for d in h * np.eye(7)]
    jacobian = np.array(rows)[:, :2] / (2 * h)  # (joints, x and y)
    torque = np.array([joint.kp for joint in iiwa.joints]) * (position - rest)
    force = np.linalg.lstsq(jacobian, torque, rcond=None)[0]
    assert np.linalg.norm(force) == pytest.approx(20.0, rel=0.02)
    assert np.allclose(jacobian @ force, torque, atol=0.05)


def test_a_push_ends_with_its_episode(simulate: Simulate, ball: RobotSpec, engine: str) -> None:
    robot = simulate(ball, engine, "gravity: 0, push_force: 6, push_duration: 10, push_interval: 0.1")
    robot.step(60)
    assert np.linalg.norm(robot.engine.base().linear_velocity) > 0.1
    robot.reset()
    assert np.abs(velocities(robot, 40)).max() < 1e-9


def test_a_quadruped_is_pushed_too(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine, "push_velocity: 1, push_interval: 1, ground_friction: 0")
    robot.step(399)
    before = robot.engine.base().linear_velocity
    robot.step(2)
    assert np.linalg.norm(robot.engine.base().linear_velocity - before) == pytest.approx(1.0, abs=0.1)
