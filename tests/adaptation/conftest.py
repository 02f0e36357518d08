"""Worlds whose dynamics gap is known on paper, and a trained arm to adapt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import DummyVecEnv

from adaptation.source import SourceRun
from adaptation.target import EnvTarget
from adaptation.transitions import Transitions
from contract.state import Array
from policies.checkpoint import save_checkpoint
from policies.config import SacConfig
from policies.learners import make_sac
from sim.domains.reader import load_domain
from sim.environment import RobotEnv
from sim.vector.spec import EnvironmentSpec


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Test processes side by side, each with a thread a core, would wait for each other."""
    torch.set_num_threads(1)


def make_transitions(state: Array, action: Array, following: Array) -> Transitions:
    """Transitions without rewards or ends; arrays (N, ·)."""
    n = len(state)
    return Transitions(
        state.astype(np.float32),
        action.astype(np.float32),
        np.zeros(n, np.float32),
        following.astype(np.float32),
        np.zeros(n, bool),
    )


@pytest.fixture(scope="session")
def transitions() -> Callable[[Array, Array, Array], Transitions]:
    """The function `make_transitions`."""
    return make_transitions


@dataclass(frozen=True)
class TabularWorld:
    """Finite states and actions, one-hot; every probability is known.

    `visits` (domain, S, A) is how often each domain is at (s, a); `dynamics` (domain, S, A, S) is
    p(s' | s, a). Domain 0 is the source.
    """

    visits: Array
    dynamics: Array

    def delta_r(self) -> Array:
        """log p_target(s' | s, a) - log p_source(s' | s, a), (S, A, S)."""
        return np.asarray(np.log(self.dynamics[1] / self.dynamics[0]))

    def every_transition(self) -> Transitions:
        """Each (s, a, s') once, in the order of `delta_r().ravel()`."""
        return self._rows(np.ones(self.dynamics.shape[1:], dtype=int))

    def recording(self, domain: int, size: int) -> Transitions:
        """About `size` transitions in exactly their expected proportions: no sampling noise."""
        joint = self.visits[domain][..., None] * self.dynamics[domain]
        return self._rows(np.round(size * joint).astype(int))

    def _rows(self, counts: Array) -> Transitions:
        cells = np.array([cell for cell, n in np.ndenumerate(counts) for _ in range(n)])
        states, actions = np.eye(counts.shape[0]), np.eye(counts.shape[1])
        return make_transitions(states[cells[:, 0]], actions[cells[:, 1]], states[cells[:, 2]])


@pytest.fixture(scope="session")
def tabular() -> TabularWorld:
    """Three states, two actions. The target slips more, and its recording is from other places."""
    rng = np.random.default_rng(3)
    dynamics = rng.dirichlet(np.full(3, 2.0), (2, 3, 2)) * 0.85 + 0.05
    visits = rng.dirichlet(np.full(6, 1.5), 2).reshape(2, 3, 2) * 0.7 + 0.05
    return TabularWorld(visits, dynamics)


@dataclass(frozen=True)
class GaussianWorld:
    """s' = s + a + drift + N(0, sigma²), with drift only in the target; visits differ too."""

    sigma: float = 0.5
    drift: float = 0.4

    def recording(self, domain: int, size: int, seed: int = 0) -> Transitions:
        rng = np.random.default_rng([seed, domain])
        state = rng.normal(0.8 * domain, 1.0, (size, 1))
        action = rng.uniform(-1.0, 1.0, (size, 1)) ** (1 if domain == 0 else 3)
        following = state + action + self.drift * domain + rng.normal(0.0, self.sigma, (size, 1))
        return make_transitions(state, action, following)

    def delta_r(self, batch: Transitions, blur: float = 0.0) -> Array:
        """(2 mu x - mu²) / (2 (sigma² + blur²)) with x = s' - s - a; `blur` is noise added to s' - s."""
        x = (batch.next_observation - batch.observation - batch.action)[:, 0].astype(float)
        variance = self.sigma**2 + blur**2
        return np.asarray((2 * self.drift * x - self.drift**2) / (2 * variance))


@pytest.fixture(scope="session")
def gaussian() -> GaussianWorld:
    return GaussianWorld()


SPEC = EnvironmentSpec("iiwa", "reach", load_domain("nominal"))
CONFIG = SacConfig(
    environments=2, workers=1, hidden=(16, 16), batch_size=32, learning_starts=40, buffer_size=2_000
)


@pytest.fixture(scope="session")
def source_run(tmp_path_factory: pytest.TempPathFactory) -> SourceRun:
    """An arm after a moment of training."""
    env = DummyVecEnv([lambda: RobotEnv(SPEC.robot, SPEC.task, SPEC.domain)] * CONFIG.environments)
    model = make_sac(CONFIG, env, seed=0)
    model.set_logger(configure(None, []))
    model.learn(200)
    env.close()
    path: Path = tmp_path_factory.mktemp("source") / "checkpoint.pt"
    save_checkpoint(path, model, None)
    return SourceRun(SPEC, CONFIG, path)


@pytest.fixture(scope="session")
def target_transitions() -> Transitions:
    """What the broken arm in the other engine did under random actions."""
    env = RobotEnv(SPEC.robot, SPEC.task, load_domain("iiwa-broken-joint"))
    target, rng = EnvTarget(env, 150, seed=0), np.random.default_rng(0)
    target.collect(lambda observation: rng.uniform(-1, 1, 7).astype(np.float32), 150)
    env.close()
    return target.transitions()
