"""EPOpt learns from the worst whole episodes, and from nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecNormalize

from contract.record import Identity
from policies.config import EpoptConfig, PpoConfig, RecurrentConfig
from policies.epopt import WorstEpisodes, counted, discounted, steps_of, weighted, worst_count
from policies.learners import make_ppo
from policies.train import CURVE, train
from sim.domains.reader import parse_domain
from sim.vector.shared_memory import SharedMemoryVecEnv
from sim.vector.spec import EnvironmentSpec

WEAK = parse_domain("engine: pybullet\nparameters:\n  joint_strength: {uniform: [0.1, 1.0]}\n", "weak")
SPEC = EnvironmentSpec("iiwa", "reach", WEAK)
EPISODE = 60  # steps of reach, which nothing ends early
CONFIG = PpoConfig(
    steps=480,
    environments=4,
    workers=1,
    hidden=(8,),
    rollout_steps=EPISODE,
    minibatches=2,
    epochs=2,
    epopt=EpoptConfig(epsilon=0.5, warm_up=240),
)


@given(st.integers(1, 500), st.floats(0.001, 0.999))
def test_the_share_is_a_share(episodes: int, epsilon: float) -> None:
    count = worst_count(episodes, epsilon)
    assert 1 <= count <= episodes
    assert count == 1 or count <= epsilon * episodes + 1e-6
    assert count + 1 > epsilon * episodes


def test_a_tenth_of_thirty_is_three() -> None:
    """Though 0.1 * 30 is a little more than 3 in floating point, and 0.29 * 100 a little less than 29."""
    assert (worst_count(30, 0.1), worst_count(100, 0.29), worst_count(0, 0.1)) == (3, 29, 0)


STARTS = arrays.arrays(bool, st.tuples(st.integers(6, 20), st.integers(1, 4)))


@given(STARTS, st.integers(1, 6))
def test_what_counts_is_whole_whatever_its_length(starts: np.ndarray, longest: int) -> None:
    starts[0] = True
    first, where = counted(starts, longest)
    assert starts[first, where].all()
    assert (first + longest <= len(starts)).all()
    assert len(first) == starts[: len(starts) - longest + 1].sum()


@given(STARTS)
def test_episodes_part_the_rollout(starts: np.ndarray) -> None:
    starts[0] = True
    first, where = np.nonzero(starts)
    marks = [steps_of(starts, first[k : k + 1], where[k : k + 1]) for k in range(len(first))]
    assert (np.sum(marks, axis=0) == 1).all()
    for k, mark in enumerate(marks):
        steps, environments = np.nonzero(mark)
        assert set(environments) == {where[k]}
        assert steps[0] == first[k]
        assert (np.diff(steps) == 1).all()
        assert starts[mark].sum() == 1


def test_returns_end_with_their_episodes() -> None:
    starts = np.array([[1, 1], [0, 0], [1, 0], [0, 0]], dtype=bool)
    rewards = np.array([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0], [8.0, 8.0]])
    assert discounted(rewards, starts, 0.5).tolist() == [[2.0, 4.0], [2.0, 6.0], [8.0, 8.0], [8.0, 8.0]]


@given(arrays.arrays(np.float64, (7, 3), elements=st.floats(-5, 5)), arrays.arrays(bool, (7, 3)))
def test_the_mean_over_everything_is_that_over_the_chosen(advantages: np.ndarray, chosen: np.ndarray) -> None:
    """A gradient through them: Σ_all w g / N = Σ_chosen z g / n, with z of mean 0 and deviation 1."""
    chosen[3] = True
    gradient = np.random.default_rng(0).standard_normal((7, 3))
    result = weighted(advantages, chosen)
    assert (result[~chosen] == 0.0).all()
    some = advantages[chosen]
    z = (some - some.mean()) / (some.std() + 1e-8)
    assert np.mean(result * gradient) == pytest.approx(np.mean(z * gradient[chosen]), abs=1e-6)


class Watch(BaseCallback):
    """Keeps what each rollout leaves for the update; stands behind `WorstEpisodes`."""

    def __init__(self) -> None:
        super().__init__()
        self.rollouts: list[dict[str, Any]] = []
        self.ended: list[list[float]] = []

    def _on_rollout_start(self) -> None:
        self.ended.append([])

    def _on_step(self) -> bool:
        self.ended[-1] += [info["episode"]["r"] for info in self.locals["infos"] if "episode" in info]
        return True

    def _on_rollout_end(self) -> None:
        model: Any = self.model
        buffer = model.rollout_buffer
        names = ("advantages", "episode_starts", "rewards", "values", "returns")
        self.rollouts.append({name: getattr(buffer, name).copy() for name in names})


def watched(config: PpoConfig) -> Watch:
    env = VecNormalize(SharedMemoryVecEnv(SPEC, config.environments, 1, 3), norm_reward=False)
    watch = Watch()
    try:
        assert config.epopt is not None
        make_ppo(config, env, 0).learn(config.steps, [WorstEpisodes(config.epopt), watch])
    finally:
        env.close()
    return watch


@pytest.mark.parametrize(("rank", "recurrent"), [("return", None), ("advantage", RecurrentConfig(hidden=4))])
def test_only_the_worst_episodes_of_a_rollout_have_advantages(rank: Any, recurrent: Any) -> None:
    epopt = EpoptConfig(epsilon=0.5, warm_up=240, rank=rank)
    config = CONFIG.model_copy(update={"epopt": epopt, "recurrent": recurrent, "rollout_steps": EPISODE})
    first, second = watched(config).rollouts
    assert (first["advantages"] != 0).all()  # the warm-up
    assert abs(first["advantages"].mean()) < 1e-4
    assert first["advantages"].std() == pytest.approx(1.0, abs=1e-4)
    assert second["episode_starts"][0].all()
    ahead = np.zeros(4)
    for reward in second["rewards"][::-1]:
        ahead = reward + config.gamma * ahead
    score = ahead - (second["values"][0] if rank == "advantage" else 0.0)
    worst = set(np.argsort(score)[:2].tolist())
    assert {i for i in range(4) if (second["advantages"][:, i] != 0).any()} == worst
    assert (second["returns"] != 0).all()  # the value function still learns from all


def test_rollouts_begin_with_new_episodes_only_after_the_warm_up() -> None:
    """A rollout of 40 steps more than an episode: what those begin is cut, and never ends."""
    config = CONFIG.model_copy(
        update={"rollout_steps": 100, "steps": 1200, "epopt": EpoptConfig(epsilon=0.5, warm_up=400)}
    )
    watch = watched(config)
    starts = [np.flatnonzero(rollout["episode_starts"][:, 0]).tolist() for rollout in watch.rollouts]
    assert starts == [[0, 60], [0, 60], [0, 60]]
    uncut = config.model_copy(update={"epopt": EpoptConfig(epsilon=0.5, warm_up=10_000)})
    starts = [np.flatnonzero(r["episode_starts"][:, 0]).tolist() for r in watched(uncut).rollouts]
    assert starts == [[0, 60], [20, 80], [40]]


def test_a_run_says_how_the_worst_fare(tmp_path: Path) -> None:
    identity = Identity("tiny", "iiwa", "reach", "0" * 64, "unknown")
    by_return = CONFIG.model_copy(update={"epopt": EpoptConfig(epsilon=0.5, warm_up=0, rank="return")})
    train(by_return, SPEC, identity, tmp_path, 0, lambda *_: None)
    last = json.loads((tmp_path / CURVE).read_text().splitlines()[-1])
    assert last["epopt_worst"] < last["epopt_all"]


def test_rollouts_may_be_longer_after_the_warm_up(tmp_path: Path) -> None:
    """Three of 4 · 20 steps, then one of 4 · 120, in which 4 · 2 episodes are whole."""
    epopt = EpoptConfig(epsilon=0.5, warm_up=240, rollout_steps=2 * EPISODE)
    config = CONFIG.model_copy(update={"rollout_steps": 20, "epopt": epopt})
    identity = Identity("tiny", "iiwa", "reach", "0" * 64, "unknown")
    train(config, SPEC, identity, tmp_path, 0, lambda *_: None)
    lines = [json.loads(line) for line in (tmp_path / CURVE).read_text().splitlines()]
    assert ["epopt_worst" in line for line in lines] == [line["steps"] > 240 for line in lines]
    assert (lines[0]["steps"], lines[-1]["steps"]) == (240, 720)
    train(config.model_copy(update={"steps": 721}), SPEC, identity, tmp_path, 0, lambda *_: None, resume=True)
    assert json.loads((tmp_path / CURVE).read_text().splitlines()[-1])["steps"] == 720 + 480
