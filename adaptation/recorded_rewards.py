"""What a task would have paid for what a robot did, from what the robot measured."""

from __future__ import annotations

import numpy as np

from contract.errors import TerrafirmaError
from contract.record import Contract
from contract.sources import forward_kinematics
from contract.state import Array, RobotState
from sim.robots import load_robot
from sim.tasks import make_task
from sim.tasks.base import Step, Task


class RecordedRewards:
    """The task's own reward function; the tool's position comes from the contract's kinematics.

    Args:
        where: the recording, for errors.

    Raises:
        TerrafirmaError: the task's reward needs what a robot cannot measure.
    """

    def __init__(self, contract: Contract, where: object) -> None:
        self.task: Task = make_task(contract.identity.task, load_robot(contract.identity.robot))
        if self.task.reward_needs_truth:
            raise TerrafirmaError(
                f"{where}: the reward of task {self.task.name!r} needs the base's true velocity, "
                "which a recording lacks."
            )
        self._kinematics = forward_kinematics(contract)

    def step(self, state: RobotState, command: Array, action: Array, previous: Array) -> Step:
        """What a reward may look at; `state` is what came of the normalised `action` (n,)."""
        tool = self._kinematics.tool_position(state.joint_position) if self._kinematics else None
        return Step(state, command, action, previous, tool, None)

    def reward(self, state: RobotState, command: Array, action: Array, previous: Array) -> float:
        """Of one transition; arguments as for `step`."""
        return float(np.asarray(self.task.reward(self.step(state, command, action, previous))))
