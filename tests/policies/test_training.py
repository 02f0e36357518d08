"""A training run leaves a policy that works, a curve, and a state to go on from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from contract import codec
from contract.errors import ContractError
from contract.record import Contract
from policies.callbacks import LAST_RATE, AdaptiveLearningRate
from policies.checkpoint import load_checkpoint, save_checkpoint
from policies.config import PpoConfig, RecurrentConfig
from policies.evaluation import evaluate
from policies.learners import make_ppo
from policies.runtime import Policy
from policies.train import CHECKPOINT, CURVE, POLICY
from sim.domains.reader import load_domain

RUNS = pytest.mark.parametrize("algorithm", ["sac", "ppo"])


def the_run(request: pytest.FixtureRequest, algorithm: str) -> Any:
    return request.getfixturevalue(f"{algorithm}_run")


@RUNS
def test_a_run_leaves_its_artefacts(algorithm: str, request: pytest.FixtureRequest) -> None:
    run = the_run(request, algorithm)
    assert {path.name for path in run.path.iterdir()} == {CHECKPOINT, CURVE, POLICY, "tensorboard"}
    assert Policy(run.path / POLICY).sha256 == run.policy.sha256
    assert run.policy.contract.identity.policy == "tiny"
    lines = [json.loads(line) for line in (run.path / CURVE).read_text().splitlines()]
    assert lines[-1]["steps"] == run.config.steps
    assert {"return", "success", "distance", "seconds"} <= set(lines[-1])
    assert run.reports[-1][0] == run.config.steps
    events = list((run.path / "tensorboard").iterdir())
    assert sum(event.stat().st_size for event in events) > 0


@RUNS
def test_its_policy_can_be_judged(algorithm: str, request: pytest.FixtureRequest) -> None:
    policy = the_run(request, algorithm).policy
    domain = load_domain("nominal-mujoco")
    counted: list[int] = []
    result = evaluate(policy, domain, 3, seed=5, on_episode=lambda: counted.append(1))
    assert len(counted) == result.episodes == 3
    assert result.return_ci95[0] <= result.return_mean <= result.return_ci95[1]
    assert result.success_ci95[0] <= result.success_rate <= result.success_ci95[1]
    assert result.policy_sha256 == policy.sha256
    assert result.domain.endswith("nominal-mujoco.yaml")
    assert 0.0 < result.metrics["distance"] < 2.0
    again = evaluate(policy, domain, 3, seed=5)
    assert again.return_mean == result.return_mean
    assert evaluate(policy, domain, 3, seed=6).return_mean != result.return_mean


@RUNS
def test_resuming_goes_on_where_the_run_stopped(
    algorithm: str, request: pytest.FixtureRequest, training: Callable[..., Any], tmp_path: Path
) -> None:
    run = the_run(request, algorithm)
    shutil.copytree(run.path, tmp_path / "run")
    longer = run.config.model_copy(update={"steps": run.config.steps + 128})
    resumed = training(tmp_path / "run", longer, resume=True)
    before, after = (
        torch.load(path / CHECKPOINT, weights_only=True) for path in (run.path, tmp_path / "run")
    )
    assert before["steps"] == run.config.steps
    assert after["steps"] == longer.steps
    if algorithm == "sac":
        kept = len(before["replay"]["rewards"])
        assert len(after["replay"]["rewards"]) == kept + 64
        assert torch.equal(after["replay"]["observations"][:kept], before["replay"]["observations"])
        assert 0.0 < np.exp(after["log_entropy_coefficient"].item()) < 1.0
    else:
        assert after["normaliser"]["count"] == pytest.approx(before["normaliser"]["count"] + 128 + 2, abs=3)
    assert resumed.policy.sha256 != run.policy.sha256
    lines = [json.loads(line) for line in (tmp_path / "run" / CURVE).read_text().splitlines()]
    steps = [line["steps"] for line in lines]
    assert steps == sorted(steps)
    assert steps[-1] == longer.steps


def test_resuming_a_finished_run_exports_the_same_policy(
    sac_run: Any, training: Callable[..., Any], tmp_path: Path
) -> None:
    shutil.copytree(sac_run.path, tmp_path / "run")
    resumed = training(tmp_path / "run", sac_run.config, resume=True)
    observation = np.linspace(-1, 1, resumed.policy.contract.observation_size, dtype=np.float32)
    assert np.array_equal(resumed.policy(observation), sac_run.policy(observation))


def test_the_same_seed_trains_the_same_policy(
    ppo_run: Any, training: Callable[..., Any], tmp_path: Path
) -> None:
    again = training(tmp_path / "again", ppo_run.config)
    observation = np.linspace(-1, 1, again.policy.contract.observation_size, dtype=np.float32)
    assert np.array_equal(again.policy(observation), ppo_run.policy(observation))


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("joints", '"kp": 400.0', '"kp": 401.0'),
        ("control_rate", '"control_rate": 20.0', '"control_rate": 25.0'),
    ],
)
def test_evaluation_refuses_a_simulator_that_differs(sac_run: Any, field: str, old: str, new: str) -> None:
    policy = Policy(sac_run.path / POLICY)
    text = codec.to_json(policy.contract)
    assert old in text
    policy.contract = codec.from_json(Contract, text.replace(old, new), "")
    with pytest.raises(ContractError, match=f"trained with another '{field}' than this simulator"):
        evaluate(policy, load_domain("nominal"), 1)


def rate_after(kl: float, rate: float = 1e-3) -> float:
    """The learning rate that follows an update which reported `kl`, desired 0.01."""
    callback = AdaptiveLearningRate(rate, 0.01)
    fresh = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=0.5)
    model = SimpleNamespace(
        logger=SimpleNamespace(name_to_value={"train/approx_kl": kl}), policy=SimpleNamespace(optimizer=fresh)
    )
    callback.model = model
    callback._on_training_start()
    callback._on_rollout_start()
    return model.lr_schedule(0.5)


def test_the_learning_rate_follows_the_divergence() -> None:
    assert rate_after(0.03) == pytest.approx(1e-3 / 1.5)
    assert rate_after(0.003) == pytest.approx(1e-3 * 1.5)
    assert rate_after(0.01) == rate_after(0.0) == 1e-3
    assert rate_after(0.03, 1.2e-5) == AdaptiveLearningRate.LOW
    assert rate_after(0.001, 9e-3) == AdaptiveLearningRate.HIGH


def test_ppo_really_trains_at_that_rate(env: DummyVecEnv) -> None:
    """Any divergence is too much here, so each rollout after an update divides the rate again."""
    config = PpoConfig(environments=1, hidden=(16,), rollout_steps=64, minibatches=2, epochs=2)
    model = make_ppo(config, VecNormalize(env, norm_reward=False), seed=0)
    model.set_logger(configure(None, []))
    model.learn(3 * 64, AdaptiveLearningRate(config.learning_rate, 1e-9))
    expected = config.learning_rate / AdaptiveLearningRate.FACTOR**2
    assert model.policy.optimizer.param_groups[0]["lr"] == pytest.approx(expected)


@pytest.mark.parametrize("recurrent", [None, RecurrentConfig(hidden=8)])
def test_a_resumed_run_begins_at_the_rate_that_it_had(
    recurrent: RecurrentConfig | None, env: DummyVecEnv, tmp_path: Path
) -> None:
    config = PpoConfig(
        environments=1, hidden=(16,), rollout_steps=64, minibatches=2, epochs=2, recurrent=recurrent
    )
    rates = []
    for steps in (3 * 64, 64):  # three updates, then one more of the model that was resumed
        normaliser = VecNormalize(env, norm_reward=False)
        model = make_ppo(config, normaliser, seed=0)
        model.set_logger(configure(None, []))
        if rates:
            load_checkpoint(tmp_path / "c.pt", model, normaliser)
        model.learn(steps, AdaptiveLearningRate(config.learning_rate, 1e-9), reset_num_timesteps=False)
        save_checkpoint(tmp_path / "c.pt", model, normaliser)
        rates.append(model.policy.optimizer.param_groups[0]["lr"])
    assert rates[0] < 0.5 * config.learning_rate
    assert rates[1] == pytest.approx(rates[0])


def test_sac_ends_at_a_fifth_of_its_rate(sac_run: Any) -> None:
    state = torch.load(sac_run.path / CHECKPOINT, weights_only=True)
    rate = state["parameters"]["actor.optimizer"]["param_groups"][0]["lr"]
    assert rate == pytest.approx(LAST_RATE * sac_run.config.learning_rate)
