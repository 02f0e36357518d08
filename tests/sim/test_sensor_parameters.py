"""What each parameter of the sensors does to what they say, and that it does nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest

from contract.rotation import quaternion_matrix, rpy_matrix
from contract.state import Array, JointCommand, RobotState
from sim.domains.domain import ENGINES, Draw
from sim.gravity import gravity_vector
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]
Pair = Callable[[str], tuple[list[RobotState], list[RobotState]]]

pytestmark = pytest.mark.parametrize("engine", ENGINES)

QUIET = "joint_position_noise: 0, start_height_offset: 1.0, gravity: 0.5"
LATENCY, LAG = 0.05, 20  # s, steps


def readings(robot: SimulatedRobot, steps: int = 80) -> list[RobotState]:
    """One reading a step, while the legs kick in the air."""
    rest = robot.sense().joint_position
    robot.command(JointCommand.hold(rest + np.linspace(-0.6, 0.6, len(rest))))
    states = []
    for _ in range(steps):
        robot.step(1)
        states.append(robot.sense())
    return states


def column(states: Sequence[RobotState], sensor: str) -> Array:
    return np.array([getattr(state, sensor) for state in states])


@pytest.fixture
def pair(simulate: Simulate, engine: str) -> Pair:
    """Readings of the quadruped without and with some parameters."""

    def pair(parameters: str) -> tuple[list[RobotState], list[RobotState]]:
        plain, changed = (simulate("a1", engine, text) for text in (QUIET, f"{QUIET}, {parameters}"))
        return readings(plain), readings(changed)

    return pair


JOINT_SENSORS = ("joint_position", "joint_velocity", "joint_effort")
IMU_SENSORS = ("orientation", "gyro", "accelerometer")


@pytest.mark.parametrize(
    ("parameter", "late", "prompt"),
    [
        pytest.param(name, late, prompt, marks=pytest.mark.shows(name))
        for name, late, prompt in (
            ("joint_sensor_latency", JOINT_SENSORS, IMU_SENSORS),
            ("imu_latency", IMU_SENSORS, JOINT_SENSORS),
        )
    ],
)
def test_a_late_sensor_says_what_was(
    pair: Pair, parameter: str, late: tuple[str, ...], prompt: tuple[str, ...]
) -> None:
    now, then = pair(f"{parameter}: {LATENCY}")
    for sensor in late:
        assert np.array_equal(column(then, sensor)[LAG:], column(now, sensor)[:-LAG])
        assert np.ptp(column(now, sensor), axis=0).max() > 0.01
    for sensor in prompt:
        assert np.array_equal(column(then, sensor), column(now, sensor))


@pytest.mark.parametrize(
    ("parameter", "sensor", "bias"),
    [
        pytest.param(name, sensor, bias, marks=pytest.mark.shows(name))
        for name, sensor, bias in (
            ("joint_velocity_bias", "joint_velocity", [0.7, *[0.0] * 11]),
            ("gyro_bias", "gyro", [0.0, -0.3, 0.1]),
            ("accelerometer_bias", "accelerometer", [1.0, 0.0, -2.0]),
        )
    ],
)
def test_a_bias_is_added(pair: Pair, parameter: str, sensor: str, bias: list[float]) -> None:
    components = ("x", "y", "z") if len(bias) == 3 else ("FR_hip_joint",)
    values = ", ".join(f"{name}: {value}" for name, value in zip(components, bias, strict=False))
    right, wrong = pair(f"{parameter}: {{{values}}}")
    assert np.allclose(column(wrong, sensor) - column(right, sensor), bias, atol=1e-12)
    for other in {*JOINT_SENSORS, *IMU_SENSORS} - {sensor}:
        assert np.array_equal(column(wrong, other), column(right, other))


@pytest.mark.shows("accelerometer_noise")
def test_accelerometer_noise(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine, "accelerometer_noise: 0.5")
    robot.step(200)
    robot.sense()
    states = [robot.sense() for _ in range(2000)]
    assert np.allclose(column(states, "accelerometer").std(axis=0), 0.5, rtol=0.1)
    assert np.ptp(column(states, "gyro"), axis=0).max() < 1e-9


@pytest.mark.shows("imu_misalignment")
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_misaligned_imu_measures_in_its_own_frame(pair: Pair, axis: int) -> None:
    right, wrong = pair(f"imu_misalignment: {{{'xyz'[axis]}: 0.2}}")
    mount = rpy_matrix(tuple(0.2 * np.eye(3)[axis]))
    for sensor in ("gyro", "accelerometer"):
        assert np.allclose(column(wrong, sensor), column(right, sensor) @ mount, atol=1e-6)
    for before, after in zip(right, wrong, strict=True):
        expected = quaternion_matrix(before.orientation) @ mount
        assert np.allclose(quaternion_matrix(after.orientation), expected, atol=1e-9)


@pytest.mark.shows("sensor_loss")
@pytest.mark.parametrize("loss", [0.3, 0.8])
def test_a_lost_reading_is_the_one_before(simulate: Simulate, engine: str, loss: float) -> None:
    robot = simulate("a1", engine, f"sensor_loss: {loss}, joint_position_noise: 0.01")
    states = [robot.sense() for _ in range(1000)]
    repeated = [np.array_equal(a.joint_position, b.joint_position) for a, b in pairwise(states)]
    assert np.mean(repeated) == pytest.approx(loss, abs=4 * (loss * (1 - loss) / 1000) ** 0.5)
    assert states[1] is not states[0]


def test_readings_that_begin_to_be_lost_repeat_real_ones(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine)
    robot.step(8)
    real = robot.sense()
    draw = Draw({**robot.drawn.values, "sensor_loss": np.array(0.9)})
    robot._sensors.configure(0, draw, np.random.default_rng(0), gravity_vector(draw))
    for _ in range(20):
        assert robot.sense().joint_position == pytest.approx(real.joint_position, abs=0.1)


def test_an_episode_begins_with_a_reading_of_its_own(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine, f"sensor_loss: 0.95, joint_sensor_latency: {LATENCY}")
    robot.step(40)
    robot.sense()
    pose = robot.sense().joint_position + 0.1
    robot.reset(pose)
    assert np.array_equal(robot.sense().joint_position, pose)


def test_a_delay_that_comes_back_does_not_bring_old_readings(simulate: Simulate, engine: str) -> None:
    """A delay redrawn within an episode may be 0 for a while, when nobody records."""
    latency = "joint_sensor_latency: {uniform: [0, 0.01], mode: interval, every: 0.1}"
    robot = simulate("a1", engine, f"{QUIET}, {latency}")
    rest = robot.sense().joint_position
    truth = []
    for step in range(600):
        robot.command(JointCommand.hold(rest + 0.3 * np.sin(0.05 * step)))
        robot.step(1)
        truth.append(robot.pose()[2])
        recent = np.array(truth[-5:])
        nearest = np.abs(recent - robot.sense().joint_position).max(axis=1).min()
        assert nearest < 1e-9
