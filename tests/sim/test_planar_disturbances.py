"""Pushes and starts of a robot that moves in a plane only, and a shifted centre of mass of others' bodies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.errors import DomainError
from contract.rotation import quaternion_matrix, rpy_matrix
from sim.domains.domain import ENGINES, Domain
from sim.robots import ROBOTS, load_robot
from sim.robots.model import facts
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

pytestmark = pytest.mark.parametrize("engine", ENGINES)

PLANAR = [name for name in ROBOTS if load_robot(name).base == "planar"]


@pytest.mark.parametrize("name", PLANAR)
def test_kicks_are_forwards_or_backwards(simulate: Simulate, engine: str, name: str) -> None:
    robot = simulate(
        name, engine, "gravity: 0, start_height_offset: 1, push_velocity: 0.5, push_interval: 0.1"
    )
    steps = round(0.1 / robot.spec.time_step)
    changes = []
    for _ in range(30):
        robot.step(steps)
        before = robot.engine.base().linear_velocity
        robot.step(1)
        changes.append(robot.engine.base().linear_velocity - before)
        robot.reset()
    assert np.allclose(np.abs(changes), [0.5, 0.0, 0.0], atol=0.05)
    assert len({bool(change[0] > 0) for change in changes}) == 2


@pytest.mark.parametrize("name", PLANAR)
def test_a_force_accelerates_the_body(simulate: Simulate, engine: str, name: str) -> None:
    parameters = "start_height_offset: 1, push_force: 30, push_duration: 0.2, push_interval: 0.05"
    robot = simulate(name, engine, f"gravity: 0, {parameters}")
    links = facts(robot.spec).links
    whole, base = sum(link.mass for link in links.values()), links[facts(robot.spec).base].mass
    start, dt = round(0.05 / robot.spec.time_step), robot.spec.time_step
    robot.step(start)
    assert np.abs(robot.engine.base().linear_velocity[0]) < 0.05  # legs settle
    robot.step(round(0.2 / dt))
    # legs trail behind the body that is pulled
    speed = abs(robot.engine.base().linear_velocity[0])
    assert 0.95 * 30 / whole * 0.2 < speed < 30 / base * 0.2


@pytest.mark.parametrize("name", PLANAR)
def test_starts(simulate: Simulate, engine: str, name: str) -> None:
    parameters = "start_rotation: {y: 0.3}, start_velocity: {x: 1, z: -0.5}, start_height_offset: 1"
    robot = simulate(name, engine, parameters)
    position, orientation, _ = robot.pose()
    assert position == pytest.approx([0, 0, robot.spec.base_height + 1], abs=1e-6)
    assert np.allclose(quaternion_matrix(orientation), rpy_matrix((0.0, 0.3, 0.0)))
    assert np.allclose(robot.engine.base().linear_velocity, [1, 0, -0.5])


@pytest.mark.parametrize(
    "line", ["start_rotation: {x: 0.1}", "start_rotation: 0.1", "start_velocity: {y: 1}"]
)
@pytest.mark.parametrize("name", PLANAR)
def test_what_would_leave_the_plane_is_refused(
    domain: Callable[..., Domain], engine: str, name: str, line: str
) -> None:
    with pytest.raises(DomainError, match=r"base is planar; give (y|x or z), got"):
        domain(engine, line).check(load_robot(name))


@pytest.mark.parametrize("name", [name for name in ROBOTS if load_robot(name).base != "fixed"])
def test_a_shifted_center_is_felt_and_undone(simulate: Simulate, engine: str, name: str) -> None:
    """A robot that is loaded anew keeps everything else: its loops, joints and friction."""
    robot = simulate(name, engine, "base_center_offset: {x: {uniform: [-0.03, 0.03]}}")
    ends = []
    for seed in (1, 2, 1):
        robot.reseed(np.random.default_rng(seed))
        robot.reset()
        robot.step(80)
        ends.append(np.concatenate(robot.pose()))
    assert np.array_equal(ends[0], ends[2])
    assert np.abs(ends[0] - ends[1]).max() > 1e-5
