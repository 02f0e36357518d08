"""Batches mix and relabel as asked; what is stored stays as it happened."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box
from torch import Tensor

from adaptation.recorded_gap import RecordedGap
from adaptation.stacked.batch import Batch
from adaptation.stacked.gap import Judgement, Value
from adaptation.transfer_buffer import TransferBuffer
from adaptation.transitions import Transitions

N, ENVS = 40, 2


class Shift:
    """A gap model in closed form: pays size * (s' - s)."""

    def __init__(self, size: float) -> None:
        self.size = size

    def fit(self, source: Batch, target: Batch) -> dict[str, Tensor]:
        return {}

    def judge(self, source: Batch, value: Value) -> Judgement:
        return Judgement(bonus=self.size * (source.next_observation - source.observation)[..., 0])

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None: ...


def shift(size: float) -> RecordedGap:
    gap = RecordedGap(lambda *_: Shift(size), np.arange(1), 1, seed=0)
    gap.fit(TARGET, TARGET, 1)
    return gap


TARGET = Transitions(
    np.full((5, 1), 1_000.0, np.float32),
    np.full((5, 1), 0.5, np.float32),
    np.full(5, 77.0, np.float32),
    np.full((5, 1), 1_001.0, np.float32),
    np.array([True, False, False, False, False]),
)


def filled(**options: Any) -> TransferBuffer:
    """Source row i of environment e: s = i + 100 e, s' = s + 1 or 2, reward = s / 10."""
    np.random.seed(0)  # noqa: NPY002, as SB3 does
    buffer = TransferBuffer(
        2 * N, Box(-np.inf, np.inf, (1,)), Box(-1, 1, (1,)), device="cpu", n_envs=ENVS, **options
    )
    for i in range(N):
        state = np.array([[float(i)], [100.0 + i]], np.float32)
        done = np.array([i % 10 == 9, i % 5 == 4])
        # environment 0 runs out of time, environment 1 fails
        infos = [{"TimeLimit.truncated": bool(done[0])}, {"TimeLimit.truncated": False}]
        following = state + np.array([[1.0], [2.0]], np.float32)
        buffer.add(state, following, state / 200, state[:, 0] / 10, done, infos)
    return buffer


def columns(batch: Any) -> tuple[np.ndarray, ...]:
    return tuple(column.numpy() for column in batch[:5])


def test_without_a_gap_it_is_a_replay_buffer() -> None:
    state, action, following, done, reward = columns(filled().sample(500))
    assert state.shape == action.shape == following.shape == done.shape == reward.shape == (500, 1)
    assert np.allclose(reward, state / 10)
    assert np.allclose(action, state / 200)
    assert np.allclose(following - state, np.where(state < 100, 1.0, 2.0))
    assert len(np.unique(state)) == N * ENVS  # every row is reached


def test_only_failures_end_a_value() -> None:
    state, _, _, done, _ = columns(filled().sample(500))
    fails = (state >= 100) & ((state - 100) % 5 == 4)
    assert np.array_equal(done == 1.0, fails)
    transitions = filled().source_transitions(500)
    assert np.array_equal(transitions.terminated, fails_of(transitions))


def fails_of(batch: Transitions) -> np.ndarray:
    state = batch.observation[:, 0]
    return (state >= 100) & ((state - 100) % 5 == 4)


def test_rewards_are_relabelled_as_they_are_sampled_and_never_stored() -> None:
    buffer = filled(gap=shift(0.5))
    stored = buffer.rewards.copy()
    for _ in range(3):
        state, _, following, _, reward = columns(buffer.sample(64))
        assert np.allclose(reward, state / 10 + 0.5 * (following - state), atol=1e-5)
    assert np.array_equal(buffer.rewards, stored)
    buffer.gap = shift(-1.0)  # what the gap model has learned since counts at once
    state, _, following, _, reward = columns(buffer.sample(64))
    assert np.allclose(reward, state / 10 - (following - state), atol=1e-5)
    assert -2.0 <= buffer.mean_bonus <= -1.0


def test_source_transitions_keep_the_source_s_rewards() -> None:
    batch = filled(gap=shift(5.0)).source_transitions(200)
    assert np.allclose(batch.reward, batch.observation[:, 0] / 10)


@pytest.mark.parametrize("ramp", [0.0, 0.25, 1.0])
def test_the_ramp_fades_the_gap_in(ramp: float) -> None:
    buffer = filled(gap=shift(1.0))
    buffer.ramp = ramp
    state, _, following, _, reward = columns(buffer.sample(64))
    assert np.allclose(reward, state / 10 + ramp * (following - state), atol=1e-4)


@pytest.mark.parametrize(("fraction", "expected"), [(0.0, 0), (0.25, 16), (0.5, 32), (0.99, 63), (1.0, 64)])
def test_the_target_fraction_is_kept(fraction: float, expected: int) -> None:
    buffer = filled(target=TARGET, target_fraction=fraction, gap=shift(1.0))
    state, action, following, done, reward = columns(buffer.sample(64))
    target = (state >= 1_000)[:, 0]
    assert target.sum() == expected
    assert (reward[target] == 77.0).all()  # the target's own rewards, never relabelled
    assert (action[target] == 0.5).all()
    assert (following[target] == 1_001.0).all()
    assert len(done) == 64
    assert np.allclose(reward[~target], (state / 10 + following - state)[~target], atol=1e-4)


def test_a_target_s_failures_are_kept() -> None:
    done = columns(filled(target=TARGET, target_fraction=1.0).sample(500))[3]
    assert 0.1 < done.mean() < 0.3  # one in five


def test_it_is_seeded_as_stable_baselines_seeds() -> None:
    first, second = (columns(filled().sample(16))[0] for _ in range(2))
    assert np.array_equal(first, second)
