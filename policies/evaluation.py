"""How well an exported policy does in a domain, over whole episodes, with intervals."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from contract.errors import ContractError
from contract.record import Contract
from policies.runtime import Policy
from policies.statistics import bootstrap_interval, wilson_interval
from sim.domains.domain import Domain
from sim.environment import RobotEnv


@dataclass(frozen=True)
class Evaluation:
    """Figures over `episodes` episodes; intervals are 95 %."""

    return_mean: float
    return_ci95: tuple[float, float]
    success_rate: float
    success_ci95: tuple[float, float]
    episodes: int
    fall_rate: float
    metrics: dict[str, float]
    domain: str
    policy: str
    policy_sha256: str
    seconds: float


def evaluate(
    policy: Policy,
    domain: Domain,
    episodes: int,
    seed: int = 10_000,
    on_episode: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Run `episodes` episodes, each with its own seed `seed + i`, on the ONNX file itself.

    Raises:
        ContractError: the simulator builds this robot and task differently than the policy expects.
    """
    started = time.perf_counter()
    identity = policy.contract.identity
    env = RobotEnv(identity.robot, identity.task, domain)
    _match(policy.contract, env.contract)
    scale = np.array(policy.contract.action.scale)
    returns, successes, falls = [], 0, 0
    metrics: dict[str, list[float]] = {}
    for i in range(episodes):
        observation, _ = env.reset(seed=seed + i)
        policy.reset()
        done = False
        while not done:
            action = policy(observation) / scale
            observation, _, terminated, truncated, info = env.step(action.astype(np.float32))
            done = terminated or truncated
        returns.append(env.episode_return)
        successes += info["success"]
        falls += terminated
        for name, value in info["metrics"].items():
            metrics.setdefault(name, []).append(value)
        on_episode()
    env.close()
    return Evaluation(
        return_mean=float(np.mean(returns)),
        return_ci95=bootstrap_interval(returns),
        success_rate=successes / episodes,
        success_ci95=wilson_interval(successes, episodes),
        episodes=episodes,
        fall_rate=falls / episodes,
        metrics={name: float(np.mean(values)) for name, values in metrics.items()},
        domain=domain.source,
        policy=str(policy.path),
        policy_sha256=policy.sha256,
        seconds=time.perf_counter() - started,
    )


def _match(policy: Contract, simulator: Contract) -> None:
    for field in ("control_rate", "joints", "action", "observation", "command", "kinematics"):
        ours, theirs = getattr(policy, field), getattr(simulator, field)
        if ours != theirs:
            raise ContractError(
                f"policy {policy.identity.policy!r} was trained with another {field!r} than this "
                f"simulator has for {policy.identity.robot} {policy.identity.task}: "
                f"{str(ours)[:200]} against {str(theirs)[:200]}."
            )
