"""An evaluation counts what happened, episode by episode, and gives every figure its interval."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from contract.errors import DomainError
from policies import evaluation
from policies.evaluation import check_evaluable, evaluate, run_episodes
from policies.runtime import Policy
from policies.statistics import bootstrap_interval, wilson_interval
from sim.domains.reader import load_domain, parse_domain

ZOO = Path(__file__).parents[2] / "policies" / "zoo"


@pytest.fixture(scope="module")
def arm() -> Policy:
    return Policy(ZOO / "iiwa-reach-broken-joint-oracle.onnx")


def test_figures_are_those_of_the_episodes(arm: Policy) -> None:
    domain = load_domain("iiwa-broken-joint")
    episodes = run_episodes(arm, domain, [5, 6, 7])
    result = evaluate(arm, domain, 3, seed=5)
    returns = [e.episode_return for e in episodes]
    distances = [e.metrics["distance"] for e in episodes]
    assert len(set(returns)) == 3
    assert result.return_mean == np.mean(returns)
    assert result.return_ci95 == bootstrap_interval(returns)
    assert result.metrics == {"distance": np.mean(distances)}
    assert result.metrics_ci95 == {"distance": bootstrap_interval(distances)}
    assert result.success_rate == np.mean([e.success for e in episodes])
    assert (result.fall_rate, result.fall_ci95) == (0.0, wilson_interval(0, 3))
    assert (result.episodes, result.seed) == (3, 5)
    json.dumps(asdict(result), allow_nan=False)


def test_an_episode_is_the_same_alone_and_beside_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """In rows that take one seed after the other, some of which end by a fall."""
    walker = Policy(ZOO / "a1-velocity.onnx")
    uneven = parse_domain("{engine: mujoco, parameters: {joint_strength: {uniform: [0.05, 0.5]}}}", "uneven")
    seeds = [3, 4, 5, 6, 7]
    alone = [run_episodes(walker, uneven, [seed])[0] for seed in seeds]
    monkeypatch.setattr(evaluation, "ROWS", 2)
    done: list[int] = []
    together = run_episodes(walker, uneven, seeds, lambda: done.append(1))
    assert len(done) == len(seeds)
    assert len({episode.episode_return for episode in alone}) == len(seeds)
    for one, other in zip(alone, together, strict=True):
        assert (one.success, one.fell) == (other.success, other.fell)
        assert one.episode_return == pytest.approx(other.episode_return, rel=1e-3)
    assert 0 < sum(episode.fell for episode in alone) < len(seeds)  # ends at different times


def test_falls_are_counted() -> None:
    walker = Policy(ZOO / "a1-velocity.onnx")
    weak = parse_domain("{engine: pybullet, parameters: {joint_strength: 0.1}}", "weak")
    result = evaluate(walker, weak, 2)
    assert (result.fall_rate, result.fall_ci95) == (1.0, wilson_interval(2, 2))
    assert result.success_rate == 0.0
    assert set(result.metrics_ci95) == set(result.metrics) == {"error_vx", "error_vy", "error_yaw_rate"}


def test_a_domain_that_means_nothing_for_the_robot_is_refused_before_an_engine_starts(arm: Policy) -> None:
    with pytest.raises(DomainError, match="needs a floating base"):
        check_evaluable(arm, load_domain("legged-randomized"))
    check_evaluable(arm, load_domain("nominal-mujoco"))
