"""Run: go forward as fast as asked, on whatever legs there are.

The reward is the literature's for half-cheetah, ant, hopper and walker (Schulman et al. 2016,
arXiv:1506.02438: speed, a bonus for being up, a cost of effort), with the speed capped at the command.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contract.errors import TerrafirmaError
from contract.record import Action, Command, Safety
from contract.rotation import tilt
from contract.state import Array
from sim.robots.spec import RobotSpec
from sim.tasks.base import Step, TaskContract, near_default, observation_term, squared_norm

# Constants
OFFSET = 0.6  # rad, largest distance of a set-point from the default pose
SPEED = (1.0, 5.0)  # m/s, range of commands to run
STAND_FRACTION = 0.1  # of commands that ask to stand still
UP_BONUS = 0.5
EFFORT_COST = 0.1
FALL_TILT = 1.2  # rad
FALL_HEIGHT = 0.4  # of the height above the ground in the default pose
START_SPREAD = 0.1  # rad
SUCCESS_SHARE, SUCCESS_SPEED = 0.5, 0.2  # of the commanded speed may be missing on average, and so many m/s
SETTLE_SECONDS = 1.0


# Quantities
def speed(step: Step) -> Array:
    """Forward velocity in the world (...), m/s."""
    assert step.truth is not None
    return np.asarray(step.truth.world_velocity[..., 0])


# Rewards
def progress(step: Step) -> Array:
    """Speed, up to what was asked for; what is beyond it counts against."""
    asked = step.command[..., 0]
    return asked - np.abs(asked - speed(step))


def effort(step: Step) -> Array:
    """Cost of large actions."""
    return -EFFORT_COST * squared_norm(step.action)


# Task
class Run:
    """Actions are joint positions around the default pose."""

    name = "run"
    scene = None
    control_rate = 50.0
    episode_seconds = 10.0
    command_seconds = 10.0
    reward_needs_truth = True

    def __init__(self, robot: RobotSpec) -> None:
        if not robot.floating_base or not robot.feet:
            raise TerrafirmaError(f"task 'run' needs a robot with legs; {robot.name} has none.")
        self.robot = robot
        self._lowest = FALL_HEIGHT * robot.base_height

    def contract(self) -> TaskContract:
        command = Command(
            "velocity",
            ("vx",),
            ("m/s",),
            "base",
            (0.0,),
            (SPEED[1],),
            (0.0,),
            timeout=0.5,
        )
        planar = self.robot.base == "planar"
        attitude = {"pitch": 1.0, "pitch_rate": 0.25} if planar else {"projected_gravity": 1.0, "gyro": 0.25}
        joints = {"joint_position": 1.0, "joint_velocity": 0.1, "previous_action": 1.0}
        scales = {"command": 0.5} | attitude | joints
        return TaskContract(
            Action("position_offset", (OFFSET,) * len(self.robot.joints)),
            tuple(observation_term(source, self.robot, command, scale) for source, scale in scales.items()),
            command,
            Safety(sensor_timeout=0.1, ramp_in=1.0, tilt_limit=FALL_TILT),
        )

    def initial_position(self, rng: np.random.Generator) -> Array:
        return near_default(self.robot, rng, START_SPREAD)

    def sample_command(self, rng: np.random.Generator) -> Array:
        speed = rng.uniform(SPEED[0], SPEED[1], 1)
        return np.zeros(1) if rng.random() < STAND_FRACTION else speed

    def reward(self, step: Step) -> Array:
        return (progress(step) + UP_BONUS + effort(step)) / self.control_rate

    def terminated(self, step: Step) -> NDArray[np.bool_]:
        assert step.truth is not None
        return (tilt(step.truth.base_orientation) > FALL_TILT) | (step.truth.base_height < self._lowest)

    def measure(self, step: Step) -> dict[str, Array]:
        return {"speed": speed(step), "shortfall": step.command[..., 0] - speed(step)}

    def success(self, history: Mapping[str, ArrayLike], terminated: bool) -> bool:
        """Up to the end, and on average near the commanded speed once it has settled."""
        settled = round(SETTLE_SECONDS * self.control_rate)
        run, missing = (np.asarray(history[name])[settled:] for name in ("speed", "shortfall"))
        if terminated or not run.size:
            return False
        return bool(abs(missing.mean()) <= SUCCESS_SHARE * (run + missing).mean() + SUCCESS_SPEED)
