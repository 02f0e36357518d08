"""Reach: bring the tool to a commanded point and keep it there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contract.errors import TerrafirmaError
from contract.record import Action, Command, Safety
from contract.state import Array
from sim.robots.spec import RobotSpec
from sim.tasks.base import Step, TaskContract, near_default, norm, observation_term, squared_norm

# Constants
STEP = 0.25  # rad, largest joint step a control period
TARGET_LOW, TARGET_HIGH = (0.3, -0.45, 0.3), (0.6, 0.45, 0.7)  # m, base frame
START_SPREAD = 0.1  # rad
SUCCESS_DISTANCE, PRECISE_DISTANCE = 0.05, 0.02  # m
HOLD_SECONDS = 0.5
EFFORT_COST = 0.02
ELBOW_COST = 0.1  # per rad²
PRECISION_BONUS, PRECISION_WIDTH = 0.2, 0.05  # m


# Quantities
def distance(step: Step) -> Array:
    """Tool to target (...), m."""
    assert step.tool_position is not None
    return norm(step.tool_position - step.command)


# Rewards
def closeness(step: Step) -> Array:
    """Minus the distance, with a bonus that makes the last centimetres worth having."""
    d = distance(step)
    return np.asarray(PRECISION_BONUS * np.exp(-((d / PRECISION_WIDTH) ** 2)) - d)


def effort(step: Step) -> Array:
    """Cost of large joint steps."""
    joints: int = step.action.shape[-1]
    return -EFFORT_COST / joints * squared_norm(step.action)


def elbow(step: Step, redundant: Array) -> Array:
    """Cost of turning the joints (n,), of 0 or 1, that the arm does not need away from zero.

    Otherwise every training run settles on a posture of its own, and which one decides how a
    policy copes with a joint that fails.
    """
    return -ELBOW_COST * squared_norm(redundant * step.state.joint_position)


# Task
class Reach:
    """Actions are joint-position steps from the measured pose."""

    name = "reach"
    success_distance = SUCCESS_DISTANCE
    scene = None
    control_rate = 20.0
    episode_seconds = 3.0
    command_seconds = 3.0
    reward_needs_truth = False

    def __init__(self, robot: RobotSpec) -> None:
        if robot.tool is None:
            raise TerrafirmaError(f"task 'reach' needs a robot with a tool; {robot.name} has none.")
        self.robot = robot
        self._redundant = np.array([joint.name in robot.redundant for joint in robot.joints], dtype=float)

    def contract(self) -> TaskContract:
        command = Command(
            "target",
            ("x", "y", "z"),
            ("m", "m", "m"),
            "base",
            TARGET_LOW,
            TARGET_HIGH,
            tuple(((np.array(TARGET_LOW) + TARGET_HIGH) / 2).tolist()),
            timeout=None,
        )
        scales = {"joint_position": 1.0, "joint_velocity": 0.3, "tool_position": 2.0, "tool_error": 4.0}
        return TaskContract(
            Action("position_step", (STEP,) * len(self.robot.joints)),
            tuple(observation_term(source, self.robot, command, scale) for source, scale in scales.items()),
            command,
            Safety(sensor_timeout=0.2, ramp_in=1.0),
        )

    def initial_position(self, rng: np.random.Generator) -> Array:
        return near_default(self.robot, rng, START_SPREAD)

    def sample_command(self, rng: np.random.Generator) -> Array:
        return rng.uniform(TARGET_LOW, TARGET_HIGH)

    def reward(self, step: Step) -> Array:
        return closeness(step) + effort(step) + elbow(step, self._redundant)

    def terminated(self, step: Step) -> NDArray[np.bool_]:
        return np.zeros(step.command.shape[:-1], dtype=bool)

    def measure(self, step: Step) -> dict[str, Array]:
        return {"distance": distance(step)}

    def success(self, history: Mapping[str, ArrayLike], terminated: bool) -> bool:
        """The tool is at its target, and has been for a while, when the time is over."""
        held = np.asarray(history["distance"])[-round(HOLD_SECONDS * self.control_rate) :]
        return bool(held.max() < self.success_distance)


class PreciseReach(Reach):
    """The same, judged more sternly."""

    name = "reach-precise"
    success_distance = PRECISE_DISTANCE
