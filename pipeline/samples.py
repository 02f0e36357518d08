"""From a bag to the transitions that adaptation methods learn from, rewards included."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from adaptation.recorded_rewards import RecordedRewards
from adaptation.transitions import Floats, Transitions
from contract.errors import ContractError, TerrafirmaError
from contract.record import Contract
from contract.sources import forward_kinematics
from contract.state import RobotState
from robot_bridge.transitions import BagTransitions, load_transitions


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
    return (
        Transitions(
            recorded.observation.astype(np.float32),
            recorded.normalised_action.astype(np.float32),
            _rewards(recorded, RecordedRewards(contract, bag)),
            recorded.next_observation.astype(np.float32),
            np.zeros(len(recorded), dtype=bool),
        ),
        recorded,
    )


def _rewards(recorded: BagTransitions, paid: RecordedRewards) -> Floats:
    rewards = np.empty(len(recorded), dtype=np.float32)
    previous = np.zeros(recorded.normalised_action.shape[1])
    for i in range(len(recorded)):
        action = recorded.normalised_action[i]
        if i == 0 or recorded.episode_id[i] != recorded.episode_id[i - 1]:
            previous = np.zeros_like(action)
        rewards[i] = paid.reward(_state(recorded, i), recorded.command[i], action, previous)
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
    paid = RecordedRewards(recorded.contract, "success on a robot")
    task = paid.task
    if forward_kinematics(recorded.contract) is None:
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
            action = recorded.normalised_action[i]
            step = paid.step(_state(recorded, int(i)), recorded.command[i], action, action)
            for name, value in task.measure(step).items():
                history.setdefault(name, []).append(float(value))
        commands += 1
        successes += task.success(history, terminated=False)
    if not commands:
        raise TerrafirmaError("no command in the recording was pursued for a whole episode's time.")
    return successes, commands
