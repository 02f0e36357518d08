"""How well an exported policy does in a domain, over whole episodes, with intervals."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from contract.errors import ContractError
from contract.record import Contract
from policies.runtime import Policy
from policies.statistics import bootstrap_interval, wilson_interval
from sim.contracts import build_contract, unnamed_identity
from sim.domains.domain import Domain
from sim.environment_batch import EnvironmentBatch
from sim.robots import load_robot
from sim.tasks import make_task

ROWS = 20  # episodes side by side
SEED = 10_000  # of the first episode; far from those that training begins with


@dataclass(frozen=True)
class Episode:
    """What one episode came to."""

    episode_return: float
    success: bool
    fell: bool  # ended early by failure
    metrics: dict[str, float]  # the task's own, mean over the episode


@dataclass(frozen=True)
class Evaluation:
    """Figures over `episodes` episodes; intervals are 95 %.

    Rates have Wilson's score interval, means a percentile bootstrap over episodes.
    """

    return_mean: float
    return_ci95: tuple[float, float]
    success_rate: float
    success_ci95: tuple[float, float]
    fall_rate: float
    fall_ci95: tuple[float, float]
    metrics: dict[str, float]
    metrics_ci95: dict[str, tuple[float, float]]
    episodes: int
    seed: int
    domain: str
    policy: str
    policy_sha256: str
    seconds: float


def evaluate(
    policy: Policy,
    domain: Domain,
    episodes: int,
    seed: int = SEED,
    on_episode: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Run `episodes` episodes, each with its own seed `seed + i`, on the ONNX file itself.

    Raises:
        ContractError: the simulator builds this robot and task differently than the policy expects.
        DomainError: the domain means nothing for this robot.
    """
    started = time.perf_counter()
    done = run_episodes(policy, domain, range(seed, seed + episodes), on_episode)
    successes, falls = sum(e.success for e in done), sum(e.fell for e in done)
    returns = [e.episode_return for e in done]
    metrics = {name: [e.metrics[name] for e in done] for name in done[0].metrics}
    return Evaluation(
        return_mean=float(np.mean(returns)),
        return_ci95=bootstrap_interval(returns),
        success_rate=successes / episodes,
        success_ci95=wilson_interval(successes, episodes),
        fall_rate=falls / episodes,
        fall_ci95=wilson_interval(falls, episodes),
        metrics={name: float(np.mean(values)) for name, values in metrics.items()},
        metrics_ci95={name: bootstrap_interval(values) for name, values in metrics.items()},
        episodes=episodes,
        seed=seed,
        domain=domain.source,
        policy=str(policy.path),
        policy_sha256=policy.sha256,
        seconds=time.perf_counter() - started,
    )


def run_episodes(
    policy: Policy, domain: Domain, seeds: Sequence[int], on_episode: Callable[[], None] = lambda: None
) -> list[Episode]:
    """One episode a seed, several side by side: but for rounding, each depends on its seed alone."""
    check_evaluable(policy, domain)
    playing = _Playing(policy, domain, seeds)
    try:
        while playing.rows:
            for _ in range(playing.step()):
                on_episode()
    finally:
        playing.batch.close()
    return [playing.episodes[i] for i in range(len(seeds))]


class _Playing:
    """Episodes in the rows of a batch; a row whose episode has ended takes the next seed."""

    def __init__(self, policy: Policy, domain: Domain, seeds: Sequence[int]) -> None:
        identity, count = policy.contract.identity, _rows_for(len(seeds))
        self.batch = EnvironmentBatch(identity.robot, identity.task, domain, count)
        self.episodes: dict[int, Episode] = {}
        self.rows: dict[int, int] = {}  # to the number of the episode that it plays
        self._policies = [policy.twin() for _ in range(count)]
        self._scale = np.array(policy.contract.action.scale)
        self._actions = np.zeros((count, len(self._scale)), dtype=np.float32)
        self._waiting = iter(enumerate(seeds))
        for row in range(count):
            self._begin(row)

    def _begin(self, row: int) -> None:
        number, seed = next(self._waiting, (None, 0))
        if number is None:
            return
        self.rows[row] = number
        self.batch.reset(row, np.random.default_rng(seed), anew=True)
        self._policies[row].reset()

    def step(self) -> int:
        """One control period in every row; returns how many episodes ended with it."""
        for row in self.rows:
            self._actions[row] = self._policies[row](self.batch.observation[row]) / self._scale
        self.batch.step(self._actions)
        ended = np.flatnonzero(self.batch.terminated | self.batch.truncated).tolist()
        ended = [row for row in ended if row in self.rows]
        for row in ended:
            info, fell = self.batch.finish(row), bool(self.batch.terminated[row])
            self.episodes[self.rows.pop(row)] = Episode(
                info["episode"]["r"], info["success"], fell, info["metrics"]
            )
            self._begin(row)
        return len(ended)


def _rows_for(episodes: int) -> int:
    """How many to play side by side so that the rows end together, at most `ROWS`."""
    rounds = -(-episodes // ROWS)
    return -(-episodes // max(rounds, 1))


def check_evaluable(policy: Policy, domain: Domain) -> None:
    """Refuse what `evaluate` would refuse, without starting an engine; errors as there."""
    identity = policy.contract.identity
    robot = load_robot(identity.robot)
    task = make_task(identity.task, robot)
    _match(policy.contract, build_contract(task, unnamed_identity(task)))
    domain.check(robot)


def _match(policy: Contract, simulator: Contract) -> None:
    for field in ("control_rate", "joints", "action", "observation", "command", "kinematics"):
        ours, theirs = getattr(policy, field), getattr(simulator, field)
        if ours != theirs:
            raise ContractError(
                f"policy {policy.identity.policy!r} was trained with another {field!r} than this "
                f"simulator has for {policy.identity.robot} {policy.identity.task}: "
                f"{str(ours)[:200]} against {str(theirs)[:200]}."
            )
