"""A critic that sees more than its actor, of whom nothing but the actor is exported."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

from contract.errors import TerrafirmaError
from contract.record import Identity
from policies.asymmetric import AsymmetricNetwork
from policies.checkpoint import load_checkpoint
from policies.config import PpoConfig
from policies.evaluation import check_evaluable
from policies.learners import make_ppo
from policies.networks import deployed_policy
from policies.runtime import Policy
from policies.train import CHECKPOINT, train
from sim.domains.reader import load_domain
from sim.vector.spec import EnvironmentSpec

SPEC = EnvironmentSpec("a1", "velocity", load_domain("legged-randomized"))
CONFIG = PpoConfig(
    steps=1_152,  # two episodes of 10 s and the beginning of two more
    environments=2,
    workers=1,
    hidden=(16, 8),
    rollout_steps=64,
    minibatches=2,
    epochs=2,
    privileged_critic=True,
)
TOLERANCE = 1e-5


def run(path: Path, config: PpoConfig = CONFIG, spec: EnvironmentSpec = SPEC, resume: bool = False) -> Policy:
    identity = Identity("knows", spec.robot, spec.task, "0" * 64, "unknown")
    return train(config, spec, identity, path, 0, lambda *report: None, resume)


@dataclass(frozen=True)
class Trained:
    """A run, and its model put together again from the checkpoint."""

    path: Path
    policy: Policy
    model: PPO
    env: VecNormalize
    observed: int

    def seen(self, count: int = 200) -> np.ndarray:
        """Raw observations (count, total) of random motion."""
        rng = np.random.default_rng(0)
        raw: Any = self.env.venv
        raw.reset()
        return np.concatenate([raw.step(rng.uniform(-1, 1, (2, 12)))[0] for _ in range(count // 2)])


@pytest.fixture(scope="module")
def trained(
    restored: Callable[..., tuple[PPO, VecNormalize]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trained]:
    path = tmp_path_factory.mktemp("critic")
    policy = run(path)
    model, env = restored(path, CONFIG, SPEC)
    yield Trained(path, policy, model, env, policy.contract.observation_size)
    env.close()


def test_the_file_takes_the_contract_s_observation_and_acts_as_the_model(trained: Trained) -> None:
    policy, seen = trained.policy, trained.seen()
    assert policy.contract.observation_size == trained.observed < seen.shape[1]
    by_model, _ = trained.model.predict(trained.env.normalize_obs(seen), deterministic=True)
    expected = np.clip(by_model, -1.0, 1.0) * np.array(policy.contract.action.scale)
    by_file = np.array([policy(row[: trained.observed].astype(np.float32)) for row in seen])
    assert np.abs(by_file).max() > 1e-3
    assert np.abs(by_file - expected).max() < TOLERANCE


def test_nothing_privileged_is_in_the_file(trained: Trained) -> None:
    contract = trained.policy.contract
    check_evaluable(trained.policy, SPEC.domain)  # the contract is the simulator's own
    assert contract.recurrent_state == ()
    graph = onnx.load(trained.policy.path).graph
    (given,) = graph.input
    assert given.type.tensor_type.shape.dim[1].dim_value == contract.observation_size
    shapes = {tuple(weight.dims) for weight in graph.initializer}
    total = trained.env.observation_space.shape[0]
    assert not any(total in shape or total - contract.observation_size in shape for shape in shapes)


def test_the_critic_sees_what_the_actor_does_not(trained: Trained) -> None:
    seen = torch.from_numpy(trained.env.normalize_obs(trained.seen(2)).astype(np.float32))
    policy = trained.model.policy
    for column in range(seen.shape[1]):
        other = seen.clone()
        other[:, column] += 3.0
        with torch.no_grad():
            values, actions = (
                [read(x) for x in (seen, other)]
                for read in (policy.predict_values, lambda x: policy.get_distribution(x).mode())
            )
        assert not torch.equal(*values), column
        assert torch.equal(*actions) == (column >= trained.observed), column


def test_training_used_what_only_the_simulator_knows(trained: Trained) -> None:
    """Every weight of the critic's first layer that privileged numbers enter by has been moved."""
    raw: Any = trained.env
    fresh = make_ppo(CONFIG, raw, seed=0, observed=trained.observed)
    before, after = (
        model.policy.mlp_extractor.value_net[0].weight[:, trained.observed :]
        for model in (fresh, trained.model)
    )
    assert ((before - after).abs().max(dim=0).values > 1e-4).all()


def test_a_resumed_run_goes_on(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.path, tmp_path / "run")
    longer = CONFIG.model_copy(update={"steps": CONFIG.steps + 128})
    resumed = run(tmp_path / "run", longer, resume=True)
    state = torch.load(tmp_path / "run" / CHECKPOINT, weights_only=True)
    assert state["steps"] == longer.steps
    row = np.ones(trained.observed, dtype=np.float32)
    assert not np.array_equal(resumed(row), trained.policy(row))


def test_the_same_seed_trains_the_same_policy(trained: Trained, tmp_path: Path) -> None:
    again = run(tmp_path / "again")
    row = np.ones(trained.observed, dtype=np.float32)
    assert np.array_equal(again(row), trained.policy(row))


def test_another_critic_s_checkpoint_is_refused(trained: Trained) -> None:
    plain = make_ppo(CONFIG.model_copy(update={"privileged_critic": False}), trained.env, seed=0)
    with pytest.raises(TerrafirmaError, match="not a checkpoint of this network"):
        load_checkpoint(trained.path / CHECKPOINT, plain)


def test_where_there_is_nothing_to_know_it_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    spec = EnvironmentSpec("iiwa", "reach", load_domain("nominal"))
    with pytest.raises(TerrafirmaError, match=r"privileged_critic: .*nominal.*varies nothing"):
        run(tmp_path / "run", spec=spec)
    assert not (tmp_path / "run").exists()


def test_without_hidden_layers_each_head_sees_its_own_part() -> None:
    network = AsymmetricNetwork(3, 5, ())
    actor, critic = network(torch.arange(5.0)[None])
    assert (actor.tolist(), critic.tolist()) == ([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0, 3.0, 4.0]])
    assert (network.latent_dim_pi, network.latent_dim_vf) == (3, 5)


def test_the_deployed_normaliser_has_the_actor_s_part_only(trained: Trained) -> None:
    network = deployed_policy(trained.model, trained.env, (0.25,) * 12)
    statistics: Any = trained.env.obs_rms
    expected = torch.tensor(statistics.mean[: trained.observed], dtype=torch.float32)
    assert torch.equal(network.mean, expected)  # type: ignore[union-attr]
