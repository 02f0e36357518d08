"""A slope turns gravity: bodies slide down it, arms sag sideways, and an IMU feels it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.rotation import projected_gravity, quaternion_matrix, rpy_matrix
from sim.domains.domain import ENGINES
from sim.engines.bullet import pybullet
from sim.gravity import STANDARD_GRAVITY, GravityCompensation
from sim.robots import load_robot
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

pytestmark = pytest.mark.parametrize("engine", ENGINES)

SLOPES = [
    pytest.param("ground_roll", (0.2, 0.0), marks=pytest.mark.shows("ground_roll")),
    pytest.param("ground_pitch", (0.0, 0.2), marks=pytest.mark.shows("ground_pitch")),
    pytest.param("ground_pitch", (0.0, -0.1), marks=pytest.mark.shows("ground_pitch")),
    pytest.param("ground_roll: 0.1, ground_pitch", (0.1, 0.15)),
]


def written(names: str, angles: tuple[float, float]) -> str:
    return f"{names}: {angles[0] if names == 'ground_roll' else angles[1]}"


@pytest.mark.parametrize(("names", "angles"), SLOPES)
def test_without_friction_a_body_slides_down(
    simulate: Simulate, ball: RobotSpec, engine: str, names: str, angles: tuple[float, float]
) -> None:
    """Positive pitch falls away forwards (+x), positive roll to the right (-y)."""
    robot = simulate(ball, engine, f"{written(names, angles)}, ground_friction: 0")
    robot.step(100)
    down = -9.81 * rpy_matrix((*angles, 0.0))[2]
    assert np.allclose(robot.engine.base().linear_velocity[:2], 0.25 * down[:2], rtol=0.03, atol=1e-3)
    assert np.sign(down[0]) == np.sign(angles[1])
    assert np.sign(down[1]) == -np.sign(angles[0])


@pytest.mark.parametrize("friction", [0.15, 0.25])
def test_a_robot_holds_on_where_friction_exceeds_the_slope(
    simulate: Simulate, engine: str, friction: float
) -> None:
    """tan 0.2 = 0.2027: below it a = g (sin - mu cos), above it nothing moves."""
    robot = simulate("a1", engine, f"ground_pitch: 0.2, ground_friction: {friction}")
    robot.step(800)
    before = robot.truth().base_linear_velocity[0]
    robot.step(100)
    gained = (robot.truth().base_linear_velocity[0] - before) / 0.25
    expected = max(0.0, 9.81 * (np.sin(0.2) - friction * np.cos(0.2)))
    assert gained == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize(("names", "angles"), SLOPES)
def test_the_imu_feels_the_slope(
    simulate: Simulate, engine: str, names: str, angles: tuple[float, float]
) -> None:
    robot = simulate("a1", engine, f"{written(names, angles)}, ground_friction: 2")
    robot.step(800)
    robot.sense()
    robot.step(1)
    state = robot.sense()
    standing = quaternion_matrix(robot.pose()[1])  # against the ground
    assert np.allclose(quaternion_matrix(state.orientation), rpy_matrix((*angles, 0.0)) @ standing, atol=1e-9)
    assert np.allclose(state.accelerometer, -9.81 * projected_gravity(state.orientation), atol=0.1)


@pytest.mark.parametrize(("names", "angles"), SLOPES)
def test_an_arm_on_a_slope_sags_sideways(
    simulate: Simulate, engine: str, names: str, angles: tuple[float, float]
) -> None:
    """Its own gravity compensation does not know of the slope."""
    robot = simulate("iiwa", engine, written(names, angles))
    robot.step(4000)
    iiwa, position = load_robot("iiwa"), robot.sense().joint_position
    true = inverse_dynamics(iiwa, position, -STANDARD_GRAVITY * rpy_matrix((*angles, 0.0))[2])
    kp = np.array([joint.kp for joint in iiwa.joints])
    expected = (GravityCompensation(iiwa).torque(position) - true) / kp
    deviation = position - [joint.default_position for joint in iiwa.joints]
    assert np.abs(expected).max() > 0.005
    assert np.allclose(deviation, expected, atol=1e-4)


def inverse_dynamics(robot: RobotSpec, position: np.ndarray, gravity: np.ndarray) -> np.ndarray:
    client = pybullet.connect(pybullet.DIRECT)
    body = pybullet.loadURDF(str(robot.urdf), useFixedBase=True, physicsClientId=client)
    pybullet.setGravity(*gravity, physicsClientId=client)
    rest = [0.0] * len(position)
    torque = pybullet.calculateInverseDynamics(body, position.tolist(), rest, rest, physicsClientId=client)
    pybullet.disconnect(physicsClientId=client)
    return np.array(torque)
