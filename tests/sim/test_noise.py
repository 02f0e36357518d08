"""Sensor noise has the deviation that the domain says, on the sensor that it names, and no other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.rotation import quaternion_matrix
from contract.state import Array
from sim.domains.domain import ENGINES
from sim.simulated_robot import SimulatedRobot

READINGS = 2000
TOLERANCE = 0.1  # of the deviation; five standard errors of 2000 readings are 0.08

pytestmark = pytest.mark.parametrize("engine", ENGINES)


@pytest.fixture
def readings(simulate: Callable[..., SimulatedRobot]) -> Callable[..., dict[str, Array]]:
    """Sensor readings of the quadruped in one frozen moment, as deviations from the truth."""

    def readings(engine: str, parameters: str) -> dict[str, Array]:
        robot = simulate("a1", engine, parameters)
        robot.step(200)
        base = robot.engine.base()
        rotation = quaternion_matrix(base.orientation)
        states = [robot.sense() for _ in range(READINGS)]
        turned = [rotation.T @ quaternion_matrix(s.orientation) for s in states]
        return {
            "position": np.array([s.joint_position for s in states]) - robot.engine.joint_position,
            "velocity": np.array([s.joint_velocity for s in states]) - robot.engine.joint_velocity,
            "gyro": np.array([s.gyro for s in states]) - rotation.T @ base.angular_velocity,
            # small rotation vectors, read off the skew part
            "orientation": np.array(
                [(r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]) for r in turned]
            )
            / 2,
        }

    return readings


@pytest.mark.parametrize(
    ("parameter", "sensor", "deviation"),
    [
        ("joint_position_noise", "position", 0.02),
        ("joint_velocity_noise", "velocity", 0.5),
        ("gyro_noise", "gyro", 0.2),
        ("orientation_noise", "orientation", 0.03),
    ],
)
@pytest.mark.shows("joint_position_noise", "joint_velocity_noise", "gyro_noise", "orientation_noise")
def test_noise_has_its_deviation(
    readings: Callable[..., dict[str, Array]], engine: str, parameter: str, sensor: str, deviation: float
) -> None:
    errors = readings(engine, f"{parameter}: {deviation}")
    noisy = errors.pop(sensor)
    assert np.allclose(noisy.std(axis=0), deviation, rtol=TOLERANCE)
    assert np.abs(noisy.mean(axis=0)).max() < TOLERANCE * deviation
    axes = np.corrcoef(noisy.T)
    assert np.abs(axes - np.eye(len(axes))).max() < 0.12  # each axis on its own
    assert all(np.abs(quiet).max() < 1e-9 for quiet in errors.values())


def test_noise_of_one_joint(readings: Callable[..., dict[str, Array]], engine: str) -> None:
    deviation = readings(engine, "joint_position_noise: {FL_upper_joint: 0.1}")["position"].std(axis=0)
    assert deviation[4] == pytest.approx(0.1, rel=TOLERANCE)
    assert np.delete(deviation, 4).max() < 1e-9


def test_the_body_does_not_feel_the_noise(simulate: Callable[..., SimulatedRobot], engine: str) -> None:
    """Joint controllers read the joints themselves, not the noisy sensors."""
    ends = []
    for parameters in ("", "joint_position_noise: 0.2, joint_velocity_noise: 5, gyro_noise: 1"):
        robot = simulate("a1", engine, parameters)
        for _ in range(20):
            robot.step(20)
            robot.sense()
        ends.append(robot.pose()[2])
    assert np.array_equal(*ends)
