"""Targets count what they cost, and give transitions in the form that methods read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from adaptation.dynamics_state import NOT_DYNAMICS, dynamics_columns
from adaptation.target import BudgetError, EnvTarget, LogTarget
from adaptation.transitions import Transitions
from contract.errors import TerrafirmaError
from contract.record import Contract
from contract.sources import SOURCES
from contract.state import Array
from sim.domains.reader import load_domain
from sim.environment import RobotEnv

Make = Callable[[Array, Array, Array], Transitions]


@pytest.fixture
def env() -> Iterator[RobotEnv]:
    made = RobotEnv("iiwa", "reach", load_domain("iiwa-broken-joint"))
    yield made
    made.close()


def nothing(observation: Array) -> Array:
    return np.zeros(7, np.float32)


def test_a_budget_is_checked_before_the_first_step(env: RobotEnv) -> None:
    target = EnvTarget(env, budget=10, seed=0)
    calls = []

    def behaviour(observation: Array) -> Array:
        calls.append(observation)
        return nothing(observation)

    target.collect(behaviour, 7)
    with pytest.raises(BudgetError, match="4 target steps asked for, 3 of 10 left"):
        target.collect(behaviour, 4)
    assert (len(calls), target.spent, len(target.transitions())) == (7, 7, 7)
    target.collect(behaviour, 3)
    assert target.spent == target.budget == 10


def test_transitions_join_within_an_episode_and_not_across_its_end(env: RobotEnv) -> None:
    episode = round(env.task.episode_seconds * env.task.control_rate)
    target = EnvTarget(env, budget=episode + 10, seed=0)
    rng = np.random.default_rng(0)
    target.collect(lambda observation: 3.0 * rng.uniform(-1, 1, 7), episode + 10)
    got = target.transitions()
    joined = [np.array_equal(a, b) for a, b in zip(got.next_observation, got.observation[1:], strict=False)]
    assert [i for i, same in enumerate(joined) if not same] == [episode - 1]
    assert not got.terminated.any()  # running out of time is no failure
    assert np.abs(got.action).max() <= 1.0
    kinds = {a.dtype for a in (got.observation, got.action, got.reward, got.next_observation)}
    assert kinds == {np.dtype(np.float32)}


def test_a_fall_is_a_termination() -> None:
    env = RobotEnv("a1", "velocity", load_domain("nominal"))
    target, rng = EnvTarget(env, budget=300, seed=0), np.random.default_rng(0)
    target.collect(lambda observation: np.sign(rng.uniform(-1, 1, 12)), 300)
    assert target.transitions().terminated.any()
    env.close()


def test_a_recording_has_spent_what_it_cost(transitions: Make) -> None:
    recorded = transitions(*(np.zeros((6, size)) for size in (3, 2, 3)))
    assert LogTarget(recorded).spent == LogTarget(recorded).budget == 6
    # ticks across a change of command cost steps and give no transition
    assert LogTarget(recorded, steps=9).spent == LogTarget(recorded, steps=9).budget == 9
    assert LogTarget(recorded).transitions() is recorded


def test_an_empty_recording_is_refused(transitions: Make) -> None:
    empty = transitions(*(np.zeros((0, size)) for size in (3, 2, 3)))
    with pytest.raises(TerrafirmaError, match="holds no transitions"):
        LogTarget(empty)


def test_arrays_of_different_length_are_refused(transitions: Make) -> None:
    with pytest.raises(TerrafirmaError, match=r"differ in length: \[5, 6\]"):
        transitions(np.zeros((6, 3)), np.zeros((5, 2)), np.zeros((6, 3)))


def test_sampling_draws_whole_rows_with_replacement(transitions: Make) -> None:
    index = np.arange(20.0)[:, None]
    drawn = transitions(index, index + 100, index + 1).sample(500, np.random.default_rng(0))
    assert len(drawn) == 500
    assert np.array_equal(drawn.action, drawn.observation + 100)
    assert np.array_equal(drawn.next_observation, drawn.observation + 1)
    assert len(np.unique(drawn.observation)) == 20


def test_dynamics_columns_leave_out_what_does_not_move_the_robot(arm_contract: Contract) -> None:
    # joint_position with a history of two, joint_velocity, tool_error, previous_action
    assert dynamics_columns(arm_contract).tolist() == [*range(9), *range(12, 15)]
    assert set(SOURCES) > NOT_DYNAMICS


def test_dynamics_columns_of_a_legged_robot(legged_contract: Contract) -> None:
    # projected_gravity x 3, gyro, command, phase, joint_position
    assert dynamics_columns(legged_contract).tolist() == [*range(12), *range(15, 29)]
