"""What joints measure while they are told to follow set-points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contract.errors import TerrafirmaError
from contract.state import Array, JointCommand
from sim.simulated_robot import SimulatedRobot


@dataclass(frozen=True)
class JointLog:
    """`rate` Hz; set-points `command` (N, n) rad, and `position` (N, n) rad measured as each was sent.

    The robot rests at `position[0]` at first.
    """

    rate: float
    command: Array
    position: Array

    def __post_init__(self) -> None:
        if self.command.shape != self.position.shape:
            raise TerrafirmaError(
                f"set-points {self.command.shape} and positions {self.position.shape} differ in shape."
            )
        if not len(self.command) or not self.rate > 0.0:
            raise TerrafirmaError(
                f"a log needs readings at some rate, got {len(self.command)} at {self.rate:g} Hz."
            )
        if not (np.isfinite(self.command).all() and np.isfinite(self.position).all()):
            raise TerrafirmaError("a log of joints holds numbers that are not finite.")

    def __len__(self) -> int:
        return len(self.command)


def follow(robot: SimulatedRobot, command: Array, rate: float, start: Array) -> JointLog:
    """Let a simulated robot at rest at `start` (n,) rad follow set-points (N, n) rad at `rate` Hz.

    Raises:
        TerrafirmaError: the rate does not divide the robot's physics rate.
    """
    steps = 1.0 / (rate * robot.spec.time_step)
    if abs(steps - round(steps)) > 1e-6:
        physics = 1.0 / robot.spec.time_step
        raise TerrafirmaError(
            f"{rate:g} Hz does not divide {robot.spec.name}'s physics rate, {physics:g} Hz."
        )
    robot.reset(start)
    position = np.empty_like(command)
    for tick, set_point in enumerate(command):
        position[tick] = robot.sense().joint_position
        robot.command(JointCommand.hold(set_point))
        robot.step(round(steps))
    return JointLog(rate, command, position)
