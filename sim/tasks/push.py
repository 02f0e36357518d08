"""Push: bring a puck that lies on the ground to a commanded place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contract.errors import TerrafirmaError, UnknownNameError
from contract.record import Action, Command, Safety
from contract.state import Array
from sim.robots.spec import RobotSpec
from sim.scene import Scene, SceneObject
from sim.tasks.base import Step, TaskContract, near_default, norm, observation_term, squared_norm

# Constants
STEP = 0.1  # rad, largest joint step a control period
PUCK = SceneObject("cylinder", (0.1, 0.1, 0.06), mass=0.5, friction=0.6)
PUCK_LOW, PUCK_HIGH = (0.47, -0.1), (0.53, 0.1)  # m, where the puck starts
OBSERVER_NOISE = 0.001  # m
TARGET_LOW, TARGET_HIGH = (0.45, -0.2), (0.7, 0.2)  # m, base frame
BESIDE = {  # rad, a pose with the tool between the arm and the puck, 4 cm above the ground, pointing down
    "panda": (0.0, 0.226, 0.0, -2.788, 0.0, 3.014, 0.785),
    "iiwa": (0.0, 1.058, 0.0, -2.073, 0.0, 0.01, 0.0),
}
START_SPREAD = 0.03  # rad
SUCCESS_DISTANCE = 0.05  # m
APPROACH_WEIGHT, BEHIND = 0.3, 0.07  # 1, m from the puck's centre to where the tool should push
GOAL_BONUS, GOAL_WIDTH = 0.3, 0.05  # m
PRESS_COST, CLEARANCE = 5.0, 0.015  # per m, m above the ground
EFFORT_COST = 0.02


# Quantities
def gap(step: Step) -> Array:
    """From the puck's centre to its target (..., 2), m."""
    assert step.state.object_position is not None
    return np.asarray(step.command - step.state.object_position[..., :2])


def distance(step: Step) -> Array:
    """Puck to target (...), m."""
    return norm(gap(step))


def tool_distance(step: Step) -> Array:
    """Tool to the place behind the puck from where it should push (...), m."""
    assert step.tool_position is not None
    assert step.state.object_position is not None
    ahead = gap(step) / np.maximum(distance(step), SUCCESS_DISTANCE)[..., None]
    tool = step.tool_position - step.state.object_position
    tool[..., :2] += BEHIND * ahead
    return norm(tool)


# Rewards
def closeness(step: Step) -> Array:
    """Minus the puck's distance, with a bonus that makes the last centimetres worth having."""
    d = distance(step)
    return np.asarray(GOAL_BONUS * np.exp(-((d / GOAL_WIDTH) ** 2)) - d)


def approach(step: Step) -> Array:
    """A smaller cost of the tool's distance, so that there is something to gain before the first touch."""
    return -APPROACH_WEIGHT * tool_distance(step)


def pressing(step: Step) -> Array:
    """Cost of a tool that scrapes along the ground."""
    assert step.tool_position is not None
    return -PRESS_COST * np.maximum(CLEARANCE - step.tool_position[..., 2], 0.0)


def effort(step: Step) -> Array:
    """Cost of large joint steps."""
    joints: int = step.action.shape[-1]
    return -EFFORT_COST / joints * squared_norm(step.action)


# Task
class Push:
    """Actions are joint-position steps from the measured pose; somebody else sees where the puck is."""

    name = "push"
    scene = Scene(PUCK, PUCK_LOW, PUCK_HIGH, OBSERVER_NOISE)
    control_rate = 20.0
    episode_seconds = 5.0
    command_seconds = 5.0
    reward_needs_truth = False

    def __init__(self, robot: RobotSpec) -> None:
        if robot.tool is None:
            raise TerrafirmaError(f"task 'push' needs a robot with a tool; {robot.name} has none.")
        if robot.name not in BESIDE:
            raise UnknownNameError("robot", robot.name, BESIDE, "task 'push' has a pose beside the puck")
        self.robot = robot
        default = np.array([joint.default_position for joint in robot.joints])
        self._way = np.array(BESIDE[robot.name]) - default

    def contract(self) -> TaskContract:
        middle = tuple(((np.array(TARGET_LOW) + TARGET_HIGH) / 2).tolist())
        command = Command(
            "target", ("x", "y"), ("m", "m"), "base", TARGET_LOW, TARGET_HIGH, middle, timeout=None
        )
        scales = {"command": 4.0, "joint_position": 1.0, "joint_velocity": 0.5, "tool_position": 4.0}
        terms = [observation_term(source, self.robot, command, scale) for source, scale in scales.items()]
        seen = observation_term("object_position", self.robot, command, 4.0, history=2)
        return TaskContract(
            Action("position_step", (STEP,) * len(self.robot.joints)),
            (*terms, seen),
            command,
            Safety(sensor_timeout=0.2, ramp_in=1.0),
        )

    def initial_position(self, rng: np.random.Generator) -> Array:
        """Anywhere on the way from the default pose, where a robot is switched on, to the puck's side."""
        return np.asarray(near_default(self.robot, rng, START_SPREAD) + rng.uniform() * self._way)

    def sample_command(self, rng: np.random.Generator) -> Array:
        return rng.uniform(TARGET_LOW, TARGET_HIGH)

    def reward(self, step: Step) -> Array:
        return closeness(step) + approach(step) + pressing(step) + effort(step)

    def terminated(self, step: Step) -> NDArray[np.bool_]:
        return np.zeros(step.command.shape[:-1], dtype=bool)

    def measure(self, step: Step) -> dict[str, Array]:
        return {"distance": distance(step), "tool_distance": tool_distance(step)}

    def success(self, history: Mapping[str, ArrayLike], terminated: bool) -> bool:
        """The puck is at its target when the time is over."""
        return bool(np.asarray(history["distance"])[-1] < SUCCESS_DISTANCE)
