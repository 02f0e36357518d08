"""Robots that move in a plane, and those with fewer legs than four, do the same in both engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from contract.rotation import quaternion_matrix
from contract.state import Array, JointCommand
from sim.domains.domain import ENGINES, Domain
from sim.robots import ROBOTS, load_robot
from sim.simulated_robot import SimulatedRobot

PLANAR = [name for name in ROBOTS if load_robot(name).base == "planar"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PLANAR)
def test_free_fall(name: str, engine: str) -> None:
    spec = replace(load_robot(name), base_height=4.0)
    robot = SimulatedRobot(spec, Domain(engine))
    robot.reset()
    assert robot.truth().base_position.tolist() == [0.0, 0.0, 4.0]
    robot.sense()
    robot.step(120)
    t, dt = robot.time, spec.time_step
    assert 4.0 - robot.truth().base_position[2] == pytest.approx(9.81 * t * (t + dt) / 2, rel=0.01)
    assert np.abs(robot.sense().accelerometer).max() < 1.5  # weightless; the legs still settle
    robot.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PLANAR)
def test_it_stays_in_its_plane_and_its_sensors_are_derivatives(
    simulate: Callable[..., SimulatedRobot], name: str, engine: str
) -> None:
    robot = simulate(name, engine)
    rng, dt = np.random.default_rng(0), robot.spec.time_step
    default = robot.pose()[2]
    turned = 0.0
    for _ in range(20):
        robot.command(JointCommand.hold(default + rng.uniform(-0.3, 0.3, len(default))))
        robot.step(10)
        before, orientation, _ = robot.pose()
        robot.step(1)
        after, new_orientation, _ = robot.pose()
        truth = robot.truth()
        assert after[1] == 0.0
        assert new_orientation[[0, 2]].tolist() == [0.0, 0.0]
        world = quaternion_matrix(new_orientation) @ truth.base_linear_velocity
        assert np.allclose((after - before) / dt, world, atol=0.05)
        rate = 2 * (np.arcsin(new_orientation[1]) - np.arcsin(orientation[1])) / dt
        assert truth.base_angular_velocity == pytest.approx([0.0, rate, 0.0], abs=0.05)
        assert robot.sense().gyro == pytest.approx(truth.base_angular_velocity)
        turned = max(turned, abs(rate))
    assert turned > 0.1


def swing(name: str, engine: str, domain: Callable[..., Domain]) -> Array:
    """Joint positions and base orientation over half a second of motion in the air, (time, n + 4)."""
    robot = SimulatedRobot(replace(load_robot(name), base_height=4.0), domain(engine, "gravity: 0"))
    robot.reset()
    default = robot.pose()[2]
    offset = np.random.default_rng(1).uniform(-0.2, 0.2, len(default))
    robot.command(JointCommand.hold(default + offset))
    rows = []
    for _ in range(50):
        robot.step(4)
        _, orientation, joints = robot.pose()
        rows.append(np.concatenate([joints, orientation]))
    robot.close()
    return np.array(rows)


@pytest.mark.parametrize("name", [*PLANAR, "ant", "laikago", "minitaur"])
def test_both_engines_swing_its_legs_alike(name: str, domain: Callable[..., Domain]) -> None:
    """With nothing to touch, what is left is the same body, motors and rotors."""
    first, second = (swing(name, engine, domain) for engine in ENGINES)
    assert np.abs(first[-1] - first[0]).max() > 0.02
    assert np.abs(first - second).max() < 0.04
