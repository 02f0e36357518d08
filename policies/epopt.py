"""EPOpt (Rajeswaran et al. 2017, arXiv:1610.01283): learn from the worst of the sampled robots.

    max_θ  E_ξ[ R(θ, ξ) | R(θ, ξ) ≤ Q_ε ],   P(R ≤ Q_ε) = ε,   R = Σ_t γᵗ r_t

Each episode has a robot ξ of its own, drawn from the domain. The policy's gradient is that of the share ε of
a rollout's episodes with the lowest R: the conditional value at risk. The value function V, the paper's
baseline, is fitted on everything that was played. Until `warm_up` steps are done, ε is 1.

Where episodes ask for different things, such as speeds, the lowest R are those of the easy commands. So
`rank: advantage` compares R - V(s_0), what came out with what the first observation promised.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from contract.state import Array
from policies.config import EpoptConfig
from sim.vector.base import RobotVecEnv

TINY = 1e-8


class WorstEpisodes(BaseCallback):
    """Leaves advantages to the worst episodes of a rollout only, weighted so that their mean counts.

    After the warm-up each rollout begins with new episodes. One counts if it began so early that it is
    whole however long it lasts: the choice does not depend on how it went, as it would if all whole
    episodes counted, of which short ones are more. The others are for the value function only.

    A rollout has at least as many steps as an episode that nothing ends early.
    """

    def __init__(self, config: EpoptConfig) -> None:
        super().__init__()
        self._config = config
        self._selecting = False
        self._metrics: dict[str, float] = {}

    def metrics(self) -> dict[str, float]:
        """For the learning curve: mean R of the last rollout's episodes that count, and of the worst."""
        return self._metrics

    def _on_rollout_start(self) -> None:
        model: Any = self.model
        self._selecting = self.num_timesteps >= self._config.warm_up
        if self._selecting:
            # Stable-Baselines3 keeps from rollout to rollout where it is, and has no other way to begin anew
            model._last_obs = self.training_env.reset()  # noqa: SLF001
            model._last_episode_starts = np.ones(self.training_env.num_envs, dtype=bool)  # noqa: SLF001

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        model: Any = self.model
        buffer = model.rollout_buffer
        chosen = self._worst(buffer, model.gamma) if self._selecting else np.ones_like(buffer.values, bool)
        buffer.advantages = weighted(buffer.advantages, chosen)

    def _worst(self, buffer: Any, gamma: float) -> NDArray[np.bool_]:
        """Which steps (steps, environments) belong to the worst episodes."""
        environments = self.training_env.unwrapped
        assert isinstance(environments, RobotVecEnv)
        starts = buffer.episode_starts > 0.0
        first, where = counted(starts, environments.episode_steps)
        returns = discounted(buffer.rewards, starts, gamma)[first, where]
        scores = returns - (buffer.values[first, where] if self._config.rank == "advantage" else 0.0)
        worst = np.argsort(scores, kind="stable")[: worst_count(len(scores), self._config.epsilon)]
        self._metrics = {"epopt_all": float(returns.mean()), "epopt_worst": float(returns[worst].mean())}
        return steps_of(starts, first[worst], where[worst])


def counted(starts: NDArray[np.bool_], episode_steps: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """First steps and environments (e,) of the episodes that `starts` (steps, environments) leaves whole."""
    first, where = np.nonzero(starts[: len(starts) - episode_steps + 1])
    return first, where


def discounted(rewards: Array, starts: NDArray[np.bool_], gamma: float) -> Array:
    """Σ γᵗ r from each step (steps, environments) to the end of its episode."""
    result, ahead = np.zeros_like(rewards), np.zeros_like(rewards[0])
    for step in reversed(range(len(rewards))):
        result[step] = rewards[step] + gamma * ahead
        ahead = np.where(starts[step], 0.0, result[step])
    return result


def worst_count(episodes: int, epsilon: float) -> int:
    """How many of so many episodes are the share ε, rounded down; of any, at least one."""
    return min(episodes, max(1, math.floor(epsilon * episodes + TINY)))


def steps_of(
    starts: NDArray[np.bool_], first: NDArray[np.int_], where: NDArray[np.int_]
) -> NDArray[np.bool_]:
    """Marks the steps (steps, environments) of the episodes that begin at `first`, `where` (e,)."""
    begun = np.cumsum(starts, axis=0)  # number of the episode within its environment
    chosen = np.zeros_like(starts)
    for step, i in zip(first, where, strict=True):
        chosen[:, i] |= begun[:, i] == begun[step, i]
    return chosen


def weighted(advantages: Array, chosen: NDArray[np.bool_]) -> Array:
    """Advantages (steps, environments) whose mean over all steps is that of the chosen ones, normalised.

    Over the chosen they have mean 0 and deviation 1 before the weight (all) / (chosen); elsewhere they are 0.
    """
    some = advantages[chosen]
    result = np.zeros_like(advantages)
    result[chosen] = (some - some.mean()) / (some.std() + TINY) * (chosen.size / chosen.sum())
    return result
