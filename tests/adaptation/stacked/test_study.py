"""A study spends what it says, judges when it says, and goes on where it was stopped."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box

from adaptation.stacked.batch import Batch
from adaptation.stacked.gap import Judgement, Value
from adaptation.stacked.methods import METHODS
from adaptation.stacked.replay import StackedReplay
from adaptation.stacked.sac import StackedSacConfig
from adaptation.stacked.study import Study, StudyConfig, judged
from adaptation.stacked.worlds import Worlds
from contract.state import Array

SEEDS = (0, 4)
CONFIG = StudyConfig(
    steps=120,
    random_steps=20,
    warm_up=60,
    target_every=5,
    evaluate_every=60,
    episodes=2,
    gap_batch=8,
    sac=StackedSacConfig(hidden=(8,), batch_size=8),
)


class Walk(gymnasium.Env[Array, Array]):
    """s' = s + 0.1 a + drift, r = -|s'|; it fails beyond 2 and runs out of time after 10 steps."""

    observation_space = Box(-np.inf, np.inf, (1,), np.float64)
    action_space = Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, drift: float = 0.0) -> None:
        self.drift, self.state, self.tick, self.steps = drift, np.zeros(1), 0, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Array, dict[str, Any]]:
        super().reset(seed=seed)
        self.state, self.tick = self.np_random.uniform(-1.0, 1.0, 1), 0
        return self.state.copy(), {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        self.tick += 1
        self.state = self.state + 0.1 * action + self.drift
        return (
            self.state.copy(),
            -float(abs(self.state[0])),
            bool(abs(self.state[0]) > 2),
            self.tick == 10,
            {},
        )


class Recorder:
    """A gap model that remembers what it was asked."""

    def __init__(self, seeds: Sequence[int], observation: int, action: int) -> None:
        self.fits: list[tuple[Batch, Batch]] = []
        self.asked: list[Batch] = []

    def fit(self, source: Batch, target: Batch) -> dict[str, torch.Tensor]:
        self.fits.append((source, target))
        return {"loss": torch.zeros(len(SEEDS))}

    def judge(self, source: Batch, value: Value) -> Judgement:
        self.asked.append(source)
        return Judgement(torch.full_like(source.reward, -7.0))

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None: ...


def study(make_gap: Any = None, **settings: Any) -> Study:
    config = CONFIG.model_copy(update=settings)
    return Study(Walk, partial(Walk, drift=0.05), SEEDS, config, make_gap)


def drift(batch: Batch) -> Array:
    return (batch.next_observation - batch.observation - 0.1 * batch.action).numpy()


def test_the_gap_model_learns_of_both_domains_and_judges_after_the_warm_up() -> None:
    s = study(Recorder)
    gap = s.gap
    assert isinstance(gap, Recorder)
    s.run(CONFIG.warm_up)
    assert len(gap.fits) == CONFIG.warm_up - CONFIG.random_steps
    assert not gap.asked
    s.run(CONFIG.steps)
    assert len(gap.asked) == CONFIG.steps - CONFIG.warm_up
    for source, target in gap.fits:
        assert np.allclose(drift(source), 0.0, atol=1e-6)
        assert np.allclose(drift(target), 0.05, atol=1e-6)
    assert all(np.allclose(drift(batch), 0.0, atol=1e-6) for batch in gap.asked)
    assert s.target_steps == CONFIG.random_steps + (CONFIG.steps - CONFIG.random_steps) // CONFIG.target_every
    assert s.evaluate().diagnostics == {"loss": 0.0, "bonus": -7.0}


def test_who_needs_no_target_does_not_step_it() -> None:
    s = study()
    s.run(CONFIG.steps)
    assert s.target_steps == 0
    assert s.evaluate().target_steps == 0


def test_an_evaluation_is_of_the_target_and_leaves_training_alone() -> None:
    s = study(Recorder)
    s.run(30)
    worlds = [*s._here.environments, *s._there.environments]  # type: ignore[union-attr]
    before = [env.steps for env in worlds]  # type: ignore[attr-defined]
    first, second = s.evaluate(), s.evaluate()
    assert first.returns == second.returns  # the same starts, and no exploration
    assert [env.steps for env in worlds] == before  # type: ignore[attr-defined]
    assert all(-25.0 < r < 0.0 for r in first.returns)


def test_failures_end_a_value_and_time_does_not() -> None:
    worlds = Worlds(partial(Walk, drift=0.45), SEEDS)
    replay = StackedReplay(SEEDS, 100, 1, 1)
    for _ in range(40):
        observation = worlds.observation.copy()
        action = np.zeros((len(SEEDS), 1), np.float32)
        replay.add(observation, action, *worlds.step(action))
    kept = replay.everything()
    assert torch.equal(kept.terminated == 1.0, kept.next_observation[..., 0] > 2.0)
    assert kept.terminated.sum() > 0
    assert (kept.observation.abs() <= 2.0).all()  # a new episode has begun


def test_bonus_and_weight_reach_the_learner() -> None:
    s = study()
    s.run(30)
    batch = s._source_replay.sample(6)
    bonus, weight = torch.full((2, 6), -0.5), torch.rand(2, 6)
    relabelled, kept = judged(batch, Judgement(bonus, weight))
    assert torch.allclose(relabelled.reward, batch.reward - 0.5)
    assert torch.equal(relabelled.observation, batch.observation)
    assert kept is weight
    assert judged(batch, Judgement()) == (batch, None)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_runs_and_goes_on_where_it_was(name: str) -> None:
    method = METHODS[name]
    settings: dict[str, Any] = {"target_share": method.target_share}
    first, second = study(method.make_gap, **settings), study(method.make_gap, **settings)
    first.run(80)
    second.restore(copy.deepcopy(first.state()))
    assert (second.steps, second.target_steps) == (80, first.target_steps)
    same = zip(first.sac.actor.parameters(), second.sac.actor.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in same)
    for memory in ("_source_replay", "_target_replay"):
        kept, taken = getattr(first, memory), getattr(second, memory)
        assert len(taken) == len(kept)
        if len(kept):
            assert torch.equal(kept.sample(9).reward, taken.sample(9).reward)
    asked = first._source_replay.everything()
    if first.gap is not None:
        judgements = [s.gap.judge(asked, s.sac.state_value) for s in (first, second)]  # type: ignore[union-attr]
        for field in fields(Judgement):
            one, other = (getattr(judgement, field.name) for judgement in judgements)
            assert (one is None and other is None) or torch.equal(one, other)
    assert [rng.random() for rng in first._rngs] == [rng.random() for rng in second._rngs]
    assert not np.array_equal(second._here.observation, study()._here.observation)  # new episodes
    assert first.evaluate().returns == second.evaluate().returns
    for s in (first, second):
        s.run(100)
        assert all(np.isfinite(r) for r in s.evaluate().returns)
        s.close()


def test_two_memories_of_a_seed_draw_differently() -> None:
    drawn = []
    for stream in (0, 1):
        replay = StackedReplay(SEEDS, 1_000, 1, 1, stream)
        for i in range(1_000):
            row = np.full((2, 1), i, np.float32)
            replay.add(row, row, row[:, 0], row, np.zeros(2, bool))
        drawn.append(replay.sample(300).reward)
    assert (drawn[0] == drawn[1]).float().mean() < 0.05


def test_replay_gives_each_seed_its_own_and_forgets_the_oldest() -> None:
    replay = StackedReplay(SEEDS, 5, 1, 1)
    for i in range(8):
        row = np.array([[i], [100 + i]], np.float32)
        replay.add(row, row, row[:, 0], row + 1.0, np.array([False, i == 6]))
    assert len(replay) == 5
    drawn = replay.sample(500)
    assert set(drawn.reward[0].tolist()) == {3.0, 4.0, 5.0, 6.0, 7.0}
    assert set(drawn.reward[1].tolist()) == {103.0, 104.0, 105.0, 106.0, 107.0}
    assert torch.equal(drawn.next_observation, drawn.observation + 1.0)
    assert torch.equal(drawn.terminated[1] == 1.0, drawn.reward[1] == 106.0)
    assert not torch.equal(drawn.reward[0], drawn.reward[1] - 100.0)
