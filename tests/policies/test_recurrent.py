"""A policy with a memory: trained under randomization, exported with its state, carried exactly."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from torch import Tensor

from contract.errors import ContractError, TerrafirmaError
from contract.record import Identity, RecurrentState
from contract.state import Array
from pipeline.cli import main
from policies.checkpoint import load_checkpoint
from policies.config import PpoConfig, RecurrentConfig
from policies.evaluation import evaluate
from policies.export import export
from policies.learners import make_ppo
from policies.networks import DeployedRecurrentPolicy, deployed_policy
from policies.recurrent_policy import StretchPolicy
from policies.runtime import Policy
from policies.train import CHECKPOINT, golden_readings, train
from sim.domains.reader import load_domain
from sim.environment import RobotEnv
from sim.vector.spec import EnvironmentSpec

HIDDEN = 12
SPEC = EnvironmentSpec("a1", "velocity", load_domain("legged-randomized"))
CONFIG = PpoConfig(
    steps=1_152,  # two episodes of 10 s and the beginning of two more
    environments=2,
    workers=1,
    hidden=(16,),
    rollout_steps=64,
    minibatches=2,
    epochs=2,
    recurrent=RecurrentConfig(hidden=HIDDEN),
)
TOLERANCE = 1e-5


def run(path: Path, config: PpoConfig, resume: bool = False) -> Policy:
    identity = Identity("remembers", "a1", "velocity", "0" * 64, "unknown")
    return train(config, SPEC, identity, path, 0, lambda *report: None, resume)


@dataclass(frozen=True)
class Trained:
    """A run, and its model put together again from the checkpoint."""

    path: Path
    policy: Policy
    model: RecurrentPPO
    normaliser: VecNormalize
    env: RobotEnv


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    path = tmp_path_factory.mktemp("recurrent")
    policy = run(path, CONFIG)
    env = RobotEnv(SPEC.robot, SPEC.task, SPEC.domain)
    normaliser = VecNormalize(DummyVecEnv([lambda: env]), norm_reward=False, training=False)
    model = make_ppo(CONFIG, normaliser, seed=9)
    assert isinstance(model, RecurrentPPO)
    load_checkpoint(path / CHECKPOINT, model, normaliser)
    yield Trained(path, policy, model, normaliser, env)
    env.close()


@pytest.fixture(scope="module")
def vivid(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The same model with weights so large that its memory decides what it does."""
    model = make_ppo(CONFIG, trained.normaliser, seed=9)
    assert isinstance(model, RecurrentPPO)
    load_checkpoint(trained.path / CHECKPOINT, model)
    with torch.no_grad():
        model.policy.action_net.weight *= 50.0
        for weight in model.policy.lstm_actor.parameters():
            weight *= 3.0
    network = deployed_policy(model, trained.normaliser, trained.env.contract.action.scale)
    path = tmp_path_factory.mktemp("vivid") / "policy.onnx"
    policy = export(network, trained.env.contract, golden_readings(SPEC, 0), path)
    return Trained(path.parent, policy, model, trained.normaliser, trained.env)


def episode(run: Trained, seed: int, ticks: int) -> tuple[Array, Array, list[np.ndarray]]:
    """Actions (ticks, n) rad of the file and of the model, and what both saw in closed loop."""
    scale = np.array(run.policy.contract.action.scale)
    observation, _ = run.env.reset(seed=seed)
    run.policy.reset()
    state, starts = None, np.array([True])
    by_onnx, by_model, seen = [], [], []
    for _ in range(ticks):
        seen.append(observation)
        normalised = run.normaliser.normalize_obs(observation[None])
        predicted, state = run.model.predict(normalised, state, starts, deterministic=True)
        starts = np.array([False])
        by_model.append(np.clip(predicted[0], -1.0, 1.0) * scale)
        by_onnx.append(run.policy(observation))
        observation, _, terminated, truncated, _ = run.env.step((by_onnx[-1] / scale).astype(np.float32))
        if terminated or truncated:
            break
    return np.array(by_onnx), np.array(by_model), seen


# the weights of the second make 150 times as much of what is rounded
@pytest.mark.parametrize(("which", "tolerance"), [("trained", TOLERANCE), ("vivid", 10 * TOLERANCE)])
def test_the_file_acts_as_the_model_over_whole_episodes(
    which: str, tolerance: float, request: pytest.FixtureRequest
) -> None:
    made: Trained = request.getfixturevalue(which)
    for seed in (1, 2):  # the second one begins with what a reset leaves
        by_onnx, by_model, _ = episode(made, seed, 500)
        assert len(by_onnx) > 10
        assert np.abs(by_onnx - by_model).max() < tolerance


def test_the_memory_decides_what_it_does(vivid: Trained) -> None:
    """Without this, a file that forgets would pass every comparison above."""
    by_onnx, _, seen = episode(vivid, 1, 60)
    afresh = []
    for observation in seen:
        vivid.policy.reset()
        afresh.append(vivid.policy(observation))
    assert np.array_equal(afresh[0], by_onnx[0])
    assert np.abs(np.array(afresh) - by_onnx)[1:].max(axis=1).mean() > 0.01


def test_the_contract_says_what_a_runner_has_to_carry(trained: Trained) -> None:
    assert trained.policy.contract.recurrent_state == (RecurrentState("state", (1, 2 * HIDDEN)),)
    assert trained.policy.golden_error < TOLERANCE
    graph = onnx.load(trained.policy.path).graph
    assert [item.name for item in graph.input] == ["observation", "state"]
    assert [item.name for item in graph.output] == ["action", "state_out"]


def test_a_batch_has_one_state_a_row(vivid: Trained) -> None:
    rng = np.random.default_rng(0)
    rows = {
        "observation": rng.normal(0, 1, (3, vivid.policy.contract.observation_size)).astype(np.float32),
        "state": rng.normal(0, 0.5, (3, 2 * HIDDEN)).astype(np.float32),
    }
    together = vivid.policy._session.run(["action", "state_out"], rows)
    for i in range(3):
        alone = vivid.policy._session.run(
            ["action", "state_out"], {name: value[i : i + 1] for name, value in rows.items()}
        )
        for whole, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(whole[i : i + 1], one, atol=1e-6)


class Swapped(DeployedRecurrentPolicy):
    """Takes c for h and h for c."""

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        hidden, cell = state.chunk(2, dim=1)
        return super().forward(observation, torch.cat([cell, hidden], dim=1))


class Forgetful(DeployedRecurrentPolicy):
    """Gives back the state that it was given."""

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        action, _ = super().forward(observation, state)
        return action, state.clone()


@pytest.mark.parametrize("which", ["trained", "vivid"])
@pytest.mark.parametrize("wrong", [Swapped, Forgetful])
def test_check_refuses_a_graph_that_treats_its_state_otherwise(
    wrong: type[DeployedRecurrentPolicy],
    which: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    right: Trained = request.getfixturevalue(which)
    network = deployed_policy(right.model, right.normaliser, right.env.contract.action.scale)
    assert isinstance(network, DeployedRecurrentPolicy)
    network.__class__ = wrong
    export(network, right.env.contract, golden_readings(SPEC, 0), tmp_path / "wrong.onnx")
    model, original = onnx.load(tmp_path / "wrong.onnx"), onnx.load(right.policy.path)
    del model.metadata_props[:]
    model.metadata_props.extend(original.metadata_props)
    onnx.save(model, tmp_path / "wrong.onnx")
    assert main(["check", str(right.policy.path)]) == 0
    assert main(["check", str(tmp_path / "wrong.onnx")]) == 2
    # the first tick starts from zeros, whichever way round they are
    assert "tick 1: action[" in capsys.readouterr().err
    with pytest.raises(ContractError, match="tick 1: action"):
        Policy(tmp_path / "wrong.onnx")


def test_a_state_that_is_not_finite_makes_no_action(vivid: Trained) -> None:
    """An infinite cell gives a finite output, and stays infinite."""
    observation = np.zeros(vivid.policy.contract.observation_size, dtype=np.float32)
    vivid.policy.reset()
    expected = vivid.policy(observation)
    ((state, following),) = vivid.policy._states
    state[0, HIDDEN] = np.inf
    vivid.policy._session.run_with_iobinding(vivid.policy._binding)
    assert np.isfinite(vivid.policy._action).all()
    assert not np.isfinite(following).all()
    assert np.isnan(vivid.policy(observation)).all()
    vivid.policy.reset()
    assert np.array_equal(vivid.policy(observation), expected)


def test_evaluation_gives_every_episode_a_fresh_state(vivid: Trained) -> None:
    both = evaluate(vivid.policy, SPEC.domain, 2, seed=5).return_mean
    alone = [evaluate(vivid.policy, SPEC.domain, 1, seed=seed).return_mean for seed in (5, 6)]
    assert both == pytest.approx(np.mean(alone), abs=1e-12)


def test_the_checkpoint_has_both_lstms_and_their_moments(trained: Trained) -> None:
    state = torch.load(trained.path / CHECKPOINT, weights_only=True)
    names = set(state["parameters"]["policy"])
    assert {f"lstm_{part}.weight_hh_l0" for part in ("actor", "critic")} < names
    assert len(state["parameters"]["policy.optimizer"]["state"]) == len(names)
    assert state["steps"] == CONFIG.steps


def test_a_resumed_run_goes_on(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.path, tmp_path / "run")
    same = run(tmp_path / "run", CONFIG, resume=True)
    assert np.array_equal(episode_of(same), episode_of(trained.policy))
    longer = CONFIG.model_copy(update={"steps": CONFIG.steps + 128})
    resumed = run(tmp_path / "run", longer, resume=True)
    before, after = (torch.load(p / CHECKPOINT, weights_only=True) for p in (trained.path, tmp_path / "run"))
    assert after["steps"] == longer.steps
    assert after["normaliser"]["count"] == pytest.approx(before["normaliser"]["count"] + 128 + 2, abs=3)
    assert not np.array_equal(episode_of(resumed), episode_of(trained.policy))


def episode_of(policy: Policy) -> Array:
    """Actions (20, n) for inputs that everybody gets."""
    policy.reset()
    inputs = np.random.default_rng(0).normal(0, 1, (20, policy.contract.observation_size))
    return np.array([policy(row.astype(np.float32)) for row in inputs])


def test_the_same_seed_trains_the_same_policy(trained: Trained, tmp_path: Path) -> None:
    assert np.array_equal(episode_of(run(tmp_path / "again", CONFIG)), episode_of(trained.policy))


@pytest.mark.parametrize("recurrent", [None, RecurrentConfig(hidden=HIDDEN + 1)])
def test_another_memory_s_checkpoint_is_refused(trained: Trained, recurrent: RecurrentConfig | None) -> None:
    model = make_ppo(CONFIG.model_copy(update={"recurrent": recurrent}), trained.normaliser, seed=0)
    with pytest.raises(TerrafirmaError, match="not a checkpoint of this network"):
        load_checkpoint(trained.path / CHECKPOINT, model)


def test_a_stretch_at_once_is_a_stretch_tick_by_tick() -> None:
    """Some begin an episode, some go on with one; values and gradients are sb3-contrib's."""
    torch.manual_seed(0)
    stretches, ticks, features = 5, 7, 3
    lstm = torch.nn.LSTM(features, HIDDEN)
    rows, states = torch.randn(stretches * ticks, features), torch.randn(2, 1, stretches, HIDDEN)
    starts = torch.zeros(stretches, ticks)
    starts[::2, 0] = 1.0
    made = []
    for kind in (StretchPolicy, RecurrentActorCriticPolicy):
        lstm.zero_grad()
        outputs, (h, c) = kind._process_sequence(rows, (states[0], states[1]), starts.flatten(), lstm)
        (outputs.square().sum() + h.sum() + c.sum()).backward()
        made.append((outputs, h, c, *(weight.grad.clone() for weight in lstm.parameters())))
    for ours, theirs in zip(*made, strict=True):
        torch.testing.assert_close(ours, theirs)
