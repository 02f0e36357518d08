"""Velocity: a legged robot follows a commanded planar velocity.

Reward shapes follow legged_gym (exponential tracking terms, small quadratic costs).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contract.errors import TerrafirmaError
from contract.record import Action, Command, Safety
from contract.rotation import projected_gravity, tilt
from contract.state import Array
from sim.robots.spec import RobotSpec
from sim.tasks.base import Step, TaskContract, near_default, observation_term, squared_norm

# Constants
RESIDUAL = 0.25  # rad, largest correction of the gait generator's joint angles
LOW, HIGH = (-0.5, -0.3, -0.8), (1.0, 0.3, 0.8)  # m/s, m/s, rad/s
CHANGE_COST = 0.08  # of the action from tick to tick: at 0.02 some policies buzz at half the control rate
STAND_FRACTION = 0.1  # of commands that ask to stand still
LINEAR_WIDTH, YAW_WIDTH = 0.15, 0.1  # (m/s)², (rad/s)²
YAW_WEIGHT = 0.75  # of following the yaw rate, where following the velocity counts 1
FALL_TILT = 0.8  # rad
FALL_HEIGHT = 0.15  # m, of the base above the ground below it
START_SPREAD = 0.05  # rad
SETTLE_SECONDS = 1.0  # after a new command, not judged
SUCCESS_LINEAR, SUCCESS_YAW = 0.15, 0.2  # m/s, rad/s, mean absolute errors


# Quantities
def linear_error(step: Step) -> Array:
    """Commanded minus true planar velocity (..., 2) m/s, forward and to the left, base frame."""
    assert step.truth is not None
    return np.asarray(step.command[..., :2] - step.truth.base_linear_velocity[..., :2])


def yaw_error(step: Step) -> Array:
    """Commanded minus true yaw rate (...), rad/s."""
    assert step.truth is not None
    return np.asarray(step.command[..., 2] - step.truth.base_angular_velocity[..., 2])


# Rewards
def tracking(step: Step) -> Array:
    """1 for the linear and `YAW_WEIGHT` for the yaw command, when met exactly."""
    linear = np.exp(squared_norm(linear_error(step)) / -LINEAR_WIDTH)
    return np.asarray(linear + YAW_WEIGHT * np.exp(yaw_error(step) ** 2 / -YAW_WIDTH))


def steadiness(step: Step) -> Array:
    """Cost of bouncing, rolling and leaning."""
    assert step.truth is not None
    leaning = squared_norm(projected_gravity(step.state.orientation)[..., :2])
    rolling = squared_norm(step.truth.base_angular_velocity[..., :2])
    bouncing = step.truth.base_linear_velocity[..., 2] ** 2
    return np.asarray(-0.5 * bouncing - 0.02 * rolling - leaning)


def smoothness(step: Step) -> Array:
    """Cost of effort and of changing the action."""
    change = squared_norm(step.action - step.previous_action)
    return -1e-4 * squared_norm(step.state.joint_effort) - CHANGE_COST * change


# Task
class Velocity:
    """Actions are corrections of an open-loop trot, so the first policy already steps."""

    name = "velocity"
    scene = None
    control_rate = 50.0
    episode_seconds = 10.0
    command_seconds = 5.0
    reward_needs_truth = True

    def __init__(self, robot: RobotSpec) -> None:
        if robot.gait is None:
            raise TerrafirmaError(f"task 'velocity' needs a robot with a gait; {robot.name} has none.")
        self.robot = robot

    def contract(self) -> TaskContract:
        command = Command(
            "velocity",
            ("vx", "vy", "yaw_rate"),
            ("m/s", "m/s", "rad/s"),
            "base",
            LOW,
            HIGH,
            (0.0, 0.0, 0.0),
            timeout=0.5,
        )
        scales = {
            "command": 1.0,
            "projected_gravity": 1.0,
            "gyro": 0.25,
            "joint_position": 1.0,
            "joint_velocity": 0.05,
            "previous_action": 4.0,
            "phase": 1.0,
        }
        return TaskContract(
            Action("gait_residual", (RESIDUAL,) * len(self.robot.joints), self.robot.gait),
            tuple(observation_term(source, self.robot, command, scale) for source, scale in scales.items()),
            command,
            Safety(sensor_timeout=0.06, ramp_in=1.0, tilt_limit=FALL_TILT),
        )

    def initial_position(self, rng: np.random.Generator) -> Array:
        return near_default(self.robot, rng, START_SPREAD)

    def sample_command(self, rng: np.random.Generator) -> Array:
        command = rng.uniform(LOW, HIGH)
        return np.zeros(3) if rng.random() < STAND_FRACTION else command

    def reward(self, step: Step) -> Array:
        total = tracking(step) + steadiness(step) + smoothness(step)
        return np.asarray(np.maximum(total, 0.0) / self.control_rate)

    def terminated(self, step: Step) -> NDArray[np.bool_]:
        assert step.truth is not None
        return (tilt(step.truth.base_orientation) > FALL_TILT) | (step.truth.base_height < FALL_HEIGHT)

    def measure(self, step: Step) -> dict[str, Array]:
        linear, yaw = np.abs(linear_error(step)), np.abs(yaw_error(step))
        return {"error_vx": linear[..., 0], "error_vy": linear[..., 1], "error_yaw_rate": yaw}

    def success(self, history: Mapping[str, ArrayLike], terminated: bool) -> bool:
        """Upright to the end, with mean errors within limits once each command has settled."""
        period, settle = (round(s * self.control_rate) for s in (self.command_seconds, SETTLE_SECONDS))
        errors = np.array([history[name] for name in ("error_vx", "error_vy", "error_yaw_rate")])
        settled = errors[:, np.arange(errors.shape[1]) % period >= settle]
        if terminated or not settled.size:
            return False
        x, y, yaw = settled.mean(axis=1)
        return bool(max(x, y) <= SUCCESS_LINEAR and yaw <= SUCCESS_YAW)
