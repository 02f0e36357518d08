"""What each domain parameter does to a robot that stands, slides or falls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from contract.state import JointCommand
from sim.domains.domain import ENGINES, Domain
from sim.engines.bullet import pybullet
from sim.robots import load_robot
from sim.robots.urdf import Urdf
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

pytestmark = pytest.mark.parametrize("engine", ENGINES)

A1 = load_robot("a1")
MASS = sum(link.mass for link in Urdf(A1.urdf).links.values())
KNEES = slice(2, None, 3)


@pytest.mark.parametrize("gravity", [1.62, 9.81])
@pytest.mark.shows("gravity")
def test_free_fall(engine: str, gravity: float, domain: Callable[..., Domain]) -> None:
    robot = SimulatedRobot(replace(A1, base_height=2.0), domain(engine, f"gravity: {gravity}"))
    robot.reset()
    robot.step(120)
    t, dt = robot.time, A1.time_step
    fallen = 2.0 - robot.truth().base_position[2]
    assert fallen == pytest.approx(gravity * t * (t + dt) / 2, rel=1e-3)  # semi-implicit Euler
    robot.sense()
    robot.step(4)
    assert np.abs(robot.sense().accelerometer).max() < 0.05  # weightless
    robot.close()


def push(robot: SimulatedRobot, speed: float, direction: float) -> None:
    """Give the base a horizontal velocity, m/s, `direction` degrees from forward."""
    world, angle = robot.engine, np.radians(direction)
    velocity = [speed * np.cos(angle), speed * np.sin(angle), 0.0]
    if robot.domain.engine == "pybullet":
        pybullet.resetBaseVelocity(world._body, velocity, [0, 0, 0], physicsClientId=world._client)
    else:
        world._data.qvel[:3] = velocity


def speed(robot: SimulatedRobot) -> float:
    return float(np.linalg.norm(robot.truth().base_linear_velocity[:2]))


@pytest.mark.parametrize("direction", [0.0, 45.0, 90.0])
@pytest.mark.parametrize("friction", [0.1, 0.4])
@pytest.mark.shows("ground_friction")
def test_a_sliding_robot_slows_by_friction_times_gravity(
    simulate: Simulate, engine: str, friction: float, direction: float
) -> None:
    robot = simulate("a1", engine, f"ground_friction: {friction}")
    robot.step(400)
    push(robot, 3.0, direction)
    robot.step(40)  # the legs give way a little first
    before = speed(robot)
    robot.step(100)
    assert (before - speed(robot)) / 0.25 == pytest.approx(friction * 9.81, rel=0.06)


def test_nothing_slows_a_robot_without_friction(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine, "ground_friction: 0")
    robot.step(400)
    push(robot, 1.0, 90.0)
    robot.step(40)
    before = speed(robot)
    robot.step(100)
    assert speed(robot) == pytest.approx(before, rel=0.01)


@pytest.mark.parametrize(
    ("parameters", "factor"),
    [
        ("base_mass_offset: 3", (MASS + 3) / MASS),
        ("base_mass_offset: -2", (MASS - 2) / MASS),
        ("link_mass_scale: 1.5", 1.5),
        ("gravity: 5", 5 / 9.81),
    ],
)
@pytest.mark.shows("base_mass_offset", "link_mass_scale", "gravity")
def test_knees_carry_the_weight(simulate: Simulate, engine: str, parameters: str, factor: float) -> None:
    """The pose hardly changes, so knee torques grow with what the legs carry."""
    torques = []
    for text in ("", parameters):
        robot = simulate("a1", engine, text)
        robot.step(1600)
        torques.append(robot.sense().joint_effort[KNEES].sum())
    assert torques[1] / torques[0] == pytest.approx(factor, rel=0.05)


def test_weak_joints_sag(simulate: Simulate, engine: str) -> None:
    heights = []
    for strength in (1.0, 0.5, 0.0):
        robot = simulate("a1", engine, f"joint_strength: {strength}")
        robot.step(1600)
        heights.append(robot.truth().base_position[2])
    assert heights[0] > heights[1] + 0.005
    assert heights[1] > heights[2] + 0.1


def test_damping_slows_a_leg(simulate: Simulate, engine: str) -> None:
    moved = []
    for damping in (0.0, 2.0):
        robot = simulate("a1", engine, f"gravity: 0, joint_damping: {damping}")
        start = robot.sense().joint_position
        robot.command(JointCommand.hold(start + 0.3))
        robot.step(10)
        moved.append(np.abs(robot.sense().joint_position - start).mean())
    assert moved[1] < 0.8 * moved[0]
