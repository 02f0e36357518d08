"""Velocities, gyro and accelerometer are derivatives of the pose, in the frames that they promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from contract.rotation import projected_gravity, quaternion_matrix, tilt
from contract.state import JointCommand
from sim.domains.domain import ENGINES, Domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

pytestmark = pytest.mark.parametrize("engine", ENGINES)


def test_a_robot_that_turns_in_the_air(engine: str, domain: Callable[..., Domain]) -> None:
    """Its legs push its body about; pose differences over a step give what the sensors say."""
    robot = SimulatedRobot(replace(load_robot("a1"), base_height=3.0), domain(engine, "gravity: 0"))
    robot.reset()
    rng, dt = np.random.default_rng(2), robot.spec.time_step
    default = robot.pose()[2]
    turning, tilted = 0.0, 0.0
    for _ in range(30):
        robot.command(JointCommand.hold(default + rng.uniform(-0.8, 0.8, 12)))
        robot.step(10)
        position, orientation, _ = robot.pose()
        velocity = quaternion_matrix(orientation) @ robot.truth().base_linear_velocity
        robot.sense()
        robot.step(1)
        new_position, new_orientation, _ = robot.pose()
        before, after = quaternion_matrix(orientation), quaternion_matrix(new_orientation)
        state, truth = robot.sense(), robot.truth()
        moved = (new_position - position) / dt
        new_velocity = after @ truth.base_linear_velocity
        assert np.allclose(moved, new_velocity, atol=0.03)
        spin = before.T @ after / dt  # its skew part is the angular velocity in the body
        rate = np.array([spin[2, 1] - spin[1, 2], spin[0, 2] - spin[2, 0], spin[1, 0] - spin[0, 1]]) / 2
        assert np.allclose(rate, truth.base_angular_velocity, atol=0.05)
        assert np.allclose(state.gyro, truth.base_angular_velocity)
        felt = after.T @ (new_velocity - velocity) / dt
        assert np.allclose(state.accelerometer, felt, atol=1e-3)
        turning = max(turning, np.abs(rate).max())
        tilted = max(tilted, tilt(new_orientation))
    robot.close()
    assert turning > 1.0
    assert tilted > 0.2  # so that a frame taken for another would show


def test_a_leaning_robot_feels_gravity_where_it_leans(
    simulate: Callable[..., SimulatedRobot], engine: str
) -> None:
    joints = ", ".join(f"{leg}_{part}_joint: 0.2" for leg in ("FL", "RL") for part in ("upper", "lower"))
    robot = simulate("a1", engine, f"joint_strength: {{{joints}}}")
    robot.step(3000)
    robot.sense()
    robot.step(20)
    state = robot.sense()
    assert tilt(state.orientation) > 0.05
    assert np.allclose(state.accelerometer, -9.81 * projected_gravity(state.orientation), atol=0.05)
