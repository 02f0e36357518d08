"""A bag becomes the transitions and successes that the simulator itself would have reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.errors import ContractError, TerrafirmaError
from contract.sources import forward_kinematics
from pipeline.samples import load_samples, success_on_robot
from policies.runtime import Policy
from sim.tasks import push, reach

Record = Callable[..., Any]
ELBOW = 2  # index of the joint that the arm does not need


def test_rewards_are_the_task_s_own(record: Record, policy: Path, tmp_path: Path) -> None:
    """From what the robot measured, as from the simulator's true tool position."""
    loaded = Policy(policy)
    tools = record(tmp_path / "bag", loaded)
    transitions, recorded = load_samples(tmp_path / "bag", loaded.contract)
    assert len(transitions) == len(recorded) > 100
    for row, tick in enumerate(recorded.tick):
        distance = np.linalg.norm(tools[tick + 1] - recorded.command[row])
        expected = (
            -distance
            + reach.PRECISION_BONUS * np.exp(-((distance / reach.PRECISION_WIDTH) ** 2))
            - reach.EFFORT_COST * np.mean(transitions.action[row] ** 2)
            - reach.ELBOW_COST * recorded.next_joint_position[row, ELBOW] ** 2
        )
        assert transitions.reward[row] == pytest.approx(expected, abs=1e-5)
    assert np.abs(transitions.action).max() <= 1.0
    assert transitions.observation.shape[1] == loaded.contract.observation_size
    assert transitions.observation.dtype == transitions.reward.dtype == np.float32
    assert not transitions.terminated.any()
    same = recorded.episode_id[1:] == recorded.episode_id[:-1]
    assert np.array_equal(transitions.observation[1:][same], transitions.next_observation[:-1][same])
    assert recorded.running_ticks > len(transitions)


def test_rewards_about_an_object_come_from_where_it_was_seen(
    record: Record, push_policy: Path, tmp_path: Path
) -> None:
    loaded = Policy(push_policy)
    tools = record(tmp_path / "bag", loaded, ticks=260, every=120)
    transitions, recorded = load_samples(tmp_path / "bag", loaded.contract)
    assert len(transitions) > 100
    for row, tick in enumerate(recorded.tick):
        gap = recorded.command[row] - recorded.next_object_position[row, :2]
        far = np.linalg.norm(gap)
        puck = recorded.next_object_position[row]
        behind = puck - push.BEHIND * np.append(gap / max(far, push.SUCCESS_DISTANCE), 0.0)
        tool = tools[tick + 1]
        expected = (
            -far
            + push.GOAL_BONUS * np.exp(-((far / push.GOAL_WIDTH) ** 2))
            - push.APPROACH_WEIGHT * np.linalg.norm(tool - behind)
            - push.PRESS_COST * max(0.0, push.CLEARANCE - tool[2])
            - push.EFFORT_COST * np.mean(transitions.action[row] ** 2)
        )
        assert transitions.reward[row] == pytest.approx(expected, abs=1e-5)
    assert success_on_robot(recorded)[1] >= 1


def test_only_whole_commands_are_judged(record: Record, policy: Path, tmp_path: Path) -> None:
    loaded = Policy(policy)
    record(tmp_path / "bag", loaded, ticks=200, every=60)
    _, recorded = load_samples(tmp_path / "bag", loaded.contract)
    successes, commands = success_on_robot(recorded)
    # of four commands the first is partly ramping in, and the last ends after 20 ticks
    assert commands == 2
    assert 0 <= successes <= commands


def test_success_is_near_at_the_end(record: Record, policy: Path, tmp_path: Path) -> None:
    loaded = Policy(policy)
    record(tmp_path / "bag", loaded)
    _, recorded = load_samples(tmp_path / "bag", loaded.contract)
    assert success_on_robot(reached(recorded, everywhere=True)) == (2, 2)
    assert success_on_robot(reached(recorded, everywhere=False)) == (0, 2)


def reached(recorded: Any, everywhere: bool) -> Any:
    """The same recording with its targets where the tool was, or 30 cm from there."""
    kinematics = forward_kinematics(recorded.contract)
    assert kinematics is not None
    tools = np.array([kinematics.tool_position(q) for q in recorded.next_joint_position])
    return replace(recorded, command=tools + (0.0 if everywhere else 0.3))


def test_another_policy_s_bag_is_refused(record: Record, policy: Path, tmp_path: Path) -> None:
    loaded = Policy(policy)
    record(tmp_path / "bag", loaded, ticks=60)
    stiffer = replace(loaded.contract.joints[0], kp=1.0)
    other = replace(loaded.contract, joints=(stiffer, *loaded.contract.joints[1:]))
    with pytest.raises(ContractError, match="recorded with another 'joints' than the policy to adapt"):
        load_samples(tmp_path / "bag", other)


def test_a_folder_that_is_no_bag_is_refused(policy: Path, tmp_path: Path) -> None:
    with pytest.raises(TerrafirmaError, match="nobag"):
        load_samples(tmp_path / "nobag", Policy(policy).contract)
