"""Policies trained for a moment, and models with weights of their own, on the arm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from contract.record import Contract, Identity
from contract.state import Array, RobotState
from policies.checkpoint import load_checkpoint
from policies.config import PpoConfig, SacConfig
from policies.learners import make_ppo, make_sac
from policies.runtime import Policy
from policies.train import CHECKPOINT, golden_readings, train
from sim.domains.reader import load_domain
from sim.environment import RobotEnv
from sim.vector.factory import make_vector
from sim.vector.spec import EnvironmentSpec

SPEC = EnvironmentSpec("iiwa", "reach", load_domain("nominal"))
IDENTITY = Identity("tiny", "iiwa", "reach", "0" * 64, "unknown")
SAC_CONFIG = SacConfig(
    steps=240,
    environments=2,
    workers=1,
    hidden=(16, 16),
    batch_size=32,
    learning_starts=40,
    buffer_size=1_000,
)
PPO_CONFIG = PpoConfig(
    steps=512, environments=2, workers=1, hidden=(16, 16), rollout_steps=64, minibatches=2, epochs=4
)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Test processes side by side, each with a thread a core, would wait for each other."""
    torch.set_num_threads(1)


@dataclass(frozen=True)
class Run:
    """A finished tiny training."""

    path: Path
    config: SacConfig | PpoConfig
    policy: Policy
    reports: list[tuple[int, dict[str, float]]]


def run_training(path: Path, config: SacConfig | PpoConfig, resume: bool = False) -> Run:
    reports: list[tuple[int, dict[str, float]]] = []
    policy = train(config, SPEC, IDENTITY, path, 0, lambda *report: reports.append(report), resume)
    return Run(path, config, policy, reports)


@pytest.fixture(scope="session")
def training() -> Callable[..., Run]:
    """The function `run_training`."""
    return run_training


def restore_privileged(run: Path, config: PpoConfig, spec: EnvironmentSpec) -> tuple[PPO, VecNormalize]:
    """A run's model, put together again from its checkpoint, and two environments that tell it everything."""
    raw = make_vector(replace(spec, privileged=True), 2, 1, 5)
    env = VecNormalize(raw, norm_reward=False, training=False)
    model = make_ppo(config, env, seed=9, observed=raw.contract.observation_size)
    assert isinstance(model, PPO)
    load_checkpoint(run / CHECKPOINT, model, env)
    return model, env


@pytest.fixture(scope="session")
def restored() -> Callable[..., tuple[PPO, VecNormalize]]:
    """The function `restore_privileged`."""
    return restore_privileged


@pytest.fixture(scope="session")
def sac_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_training(tmp_path_factory.mktemp("sac"), SAC_CONFIG)


@pytest.fixture(scope="session")
def ppo_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_training(tmp_path_factory.mktemp("ppo"), PPO_CONFIG)


@pytest.fixture
def env() -> Iterator[DummyVecEnv]:
    """One arm in this process."""
    made = DummyVecEnv([lambda: RobotEnv(SPEC.robot, SPEC.task, SPEC.domain)])
    yield made
    made.close()


@pytest.fixture
def sac(env: DummyVecEnv) -> SAC:
    """Never trained; a random network is as hard to export as any."""
    return make_sac(SAC_CONFIG, env, seed=3)


@pytest.fixture
def ppo(env: DummyVecEnv) -> PPO:
    """Never trained, behind statistics that are far from 0 and 1; wide enough to saturate."""
    normaliser = VecNormalize(env, norm_reward=False, training=False)
    rng = np.random.default_rng(5)
    size = env.observation_space.shape[0]
    normaliser.obs_rms.mean = rng.normal(0.0, 2.0, size)
    normaliser.obs_rms.var = rng.uniform(0.01, 9.0, size)
    normaliser.obs_rms.mean[0], normaliser.obs_rms.var[0] = 0.0, 1e-9  # never varied: epsilon decides
    model = make_ppo(PPO_CONFIG, normaliser, seed=3)
    model.policy.action_net.weight.data *= 100.0
    return model


@pytest.fixture(scope="session")
def arm() -> Contract:
    made = RobotEnv(SPEC.robot, SPEC.task, SPEC.domain)
    made.close()
    return made.contract


@pytest.fixture(scope="session")
def arm_readings() -> list[tuple[RobotState, Array]]:
    return golden_readings(SPEC, seed=0)
