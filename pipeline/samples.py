"""From a bag to the transitions that adaptation methods learn from, rewards included."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from adaptation.transitions import Transitions
from contract.errors import ContractError, TerrafirmaError
from contract.record import Contract
from contract.sources import forward_kinematics
from contract.state import RobotState
from robot_bridge.transitions import BagTransitions, load_transitions
from sim.robots import load_robot
from sim.tasks import make_task
from sim.tasks.base import Step, Task


def load_samples(
    bag: Path, contract: Contract, namespace: str | None = None
) -> tuple[Transitions, BagTransitions]:
    """Read a bag that was recorded under `contract`, in `namespace` where it holds several robots.

    Rewards are computed with the task's own reward function from what the robot measured; the
    tool position comes from the contract's kinematics.

    Raises:
        ContractError: the bag was recorded with another contract.
        TerrafirmaError: the task's reward needs what a robot cannot measure.
    """
    recorded = load_transitions(bag, namespace=namespace)
    for field in ("control_rate", "joints", "action", "observation", "command"):
        if getattr(recorded.contract, field) != getattr(contract, field):
            raise ContractError(f"{bag}: was recorded with another {field!r} than the policy to adapt has.")
    task = _task(contract)
    if task.reward_needs_truth:
        raise TerrafirmaError(
            f"{bag}: the reward of task {task.name!r} needs the base's true velocity, "
            "which a recording lacks."
        )
    return (
        Transitions(
            recorded.observation.astype(np.float32),
            recorded.normalised_action.astype(np.float32),
            _rewards(recorded, task),
            recorded.next_observation.astype(np.float32),
            np.zeros(len(recorded), dtype=bool),
        ),
        recorded,
    )


def _task(contract: Contract) -> Task:
    return make_task(contract.identity.task, load_robot(contract.identity.robot))


def _rewards(recorded: BagTransitions, task: Task) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    kinematics = forward_kinematics(recorded.contract)
    rewards = np.empty(len(recorded), dtype=np.float32)
    previous = np.zeros(recorded.normalised_action.shape[1])
    for i in range(len(recorded)):
        position = recorded.next_joint_position[i]
        state = _state(recorded, i)
        tool = kinematics.tool_position(position) if kinematics else None
        action = recorded.normalised_action[i]
        if i == 0 or recorded.episode_id[i] != recorded.episode_id[i - 1]:
            previous = np.zeros_like(action)
        rewards[i] = task.reward(Step(state, recorded.command[i], action, previous, tool, None))
        previous = action
    return rewards


def _state(recorded: BagTransitions, row: int) -> RobotState:
    """What is known of the robot and its object at the end of a transition."""
    position, seen = recorded.next_joint_position[row], recorded.next_object_position
    return RobotState(
        position,
        recorded.next_joint_velocity[row],
        np.zeros_like(position),
        object_position=None if seen is None else seen[row],
    )


def success_on_robot(recorded: BagTransitions) -> tuple[int, int]:
    """Successes and complete commands in a recording, by the task's own criterion.

    Counts only commands that were pursued for a whole episode's time without interruption.
    """
    task = _task(recorded.contract)
    kinematics = forward_kinematics(recorded.contract)
    if kinematics is None or task.reward_needs_truth:
        raise TerrafirmaError(f"success of task {task.name!r} cannot be judged from a recording.")
    # of n ticks under one command, n - 1 are transitions
    whole = round(task.command_seconds * task.control_rate) - 2
    successes = commands = 0
    for episode in np.unique(recorded.episode_id):
        rows = np.flatnonzero(recorded.episode_id == episode)
        if len(rows) < whole:
            continue
        history: dict[str, list[float]] = {}
        for i in rows:
            position = recorded.next_joint_position[i]
            state = _state(recorded, int(i))
            action = recorded.normalised_action[i]
            step = Step(state, recorded.command[i], action, action, kinematics.tool_position(position), None)
            for name, value in task.measure(step).items():
                history.setdefault(name, []).append(float(value))
        commands += 1
        successes += task.success(history, terminated=False)
    if not commands:
        raise TerrafirmaError("no command in the recording was pursued for a whole episode's time.")
    return successes, commands
