"""What joints measure while they are told to follow set-points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from contract.errors import TerrafirmaError
from contract.state import Array, JointCommand
from sim.simulated_robot import SimulatedRobot


@dataclass(frozen=True)
class JointLog:
    """`rate` Hz; set-points `command` (N, n) rad, and `position` (N, n) rad measured as each was sent.

    The robot rests at `position[0]` at first. With velocities it may move, and a replay begins anew at each
    of `starts`: so errors do not add up, and readings need not be without gaps.
    """

    rate: float
    command: Array
    position: Array
    velocity: Array | None = None  # (N, n) rad/s, measured with the positions
    starts: tuple[int, ...] = (0,)  # indices, rising from 0

    def __post_init__(self) -> None:
        if self.command.shape != self.position.shape:
            raise TerrafirmaError(
                f"set-points {self.command.shape} and positions {self.position.shape} differ in shape."
            )
        if self.velocity is not None and self.velocity.shape != self.position.shape:
            raise TerrafirmaError(
                f"velocities {self.velocity.shape} and positions {self.position.shape} differ in shape."
            )
        if not len(self.command) or not self.rate > 0.0:
            raise TerrafirmaError(
                f"a log needs readings at some rate, got {len(self.command)} at {self.rate:g} Hz."
            )
        rising = all(one < other for one, other in pairwise((*self.starts, len(self.command))))
        if not self.starts or self.starts[0] != 0 or not rising:
            raise TerrafirmaError(
                f"starts have to rise from 0 to below {len(self.command)}, got {self.starts}."
            )
        known = (self.command, self.position, () if self.velocity is None else self.velocity)
        if not all(np.isfinite(values).all() for values in known):
            raise TerrafirmaError("a log of joints holds numbers that are not finite.")

    def __len__(self) -> int:
        return len(self.command)


def follow(robot: SimulatedRobot, command: Array, rate: float, start: Array) -> JointLog:
    """Let a simulated robot at rest at `start` (n,) rad follow set-points (N, n) rad at `rate` Hz.

    Raises:
        TerrafirmaError: the rate does not divide the robot's physics rate.
    """
    steps = _steps(robot, rate)
    robot.reset(start)
    return JointLog(rate, command, _followed(robot, command, steps))


def replay(robot: SimulatedRobot, log: JointLog) -> Array:
    """Positions (N, n) rad of a simulated robot that is told what the log's was; raises as `follow` does."""
    steps, parts = _steps(robot, log.rate), []
    for start, end in pairwise((*log.starts, len(log))):
        robot.reset(log.position[start], joint_velocity=None if log.velocity is None else log.velocity[start])
        parts.append(_followed(robot, log.command[start:end], steps))
    return np.concatenate(parts)


def _steps(robot: SimulatedRobot, rate: float) -> int:
    """Of physics, for one set-point."""
    steps = 1.0 / (rate * robot.spec.time_step)
    if abs(steps - round(steps)) > 1e-6:
        physics = 1.0 / robot.spec.time_step
        raise TerrafirmaError(
            f"{rate:g} Hz does not divide {robot.spec.name}'s physics rate, {physics:g} Hz."
        )
    return round(steps)


def _followed(robot: SimulatedRobot, command: Array, steps: int) -> Array:
    position = np.empty_like(command)
    for tick, set_point in enumerate(command):
        position[tick] = robot.sense().joint_position
        robot.command(JointCommand.hold(set_point))
        robot.step(steps)
    return position
