"""EPOpt (Rajeswaran et al. 2017, arXiv:1610.01283): learn from the worst of the sampled robots.

    max_θ  E_ξ[ R(θ, ξ) | R(θ, ξ) ≤ Q_ε ],   where P(R ≤ Q_ε) = ε

Each episode has a robot ξ of its own, drawn from the domain. The policy's gradient is that of the share ε of
a rollout's episodes with the lowest return: the conditional value at risk. The value function, the paper's
baseline, is fitted on everything that was played. Until `warm_up` steps are done, ε is 1 and nothing changes.
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

    After the warm-up each rollout begins with new episodes. One counts if it began so early that it would be
    whole however long it lasted: the choice does not depend on how it went, as it would if all whole
    episodes counted, of which short ones are more. Cut ones and the rest are for the value function.

    A rollout has at least as many steps as an episode that nothing ends early.
    """

    def __init__(self, config: EpoptConfig) -> None:
        super().__init__()
        self._config = config
        self._selecting = False
        self._returns: Array = np.zeros(0)  # of those that counted in the last rollout, ascending

    def metrics(self) -> dict[str, float]:
        """For the learning curve: mean return of a rollout's worst episodes, and of all of them."""
        if not len(self._returns):
            return {}
        worst = self._returns[: worst_count(len(self._returns), self._config.epsilon)]
        return {"epopt_worst": float(worst.mean()), "epopt_all": float(self._returns.mean())}

    def _on_rollout_start(self) -> None:
        model: Any = self.model
        self._selecting = self.num_timesteps >= self._config.warm_up
        self._ended: list[tuple[int, int, int, float]] = []  # (environment, first step, end, return)
        self._step = 0
        if self._selecting:
            # Stable-Baselines3 keeps from rollout to rollout where it is, and has no other way to begin anew
            model._last_obs = self.training_env.reset()  # noqa: SLF001
            model._last_episode_starts = np.ones(self.training_env.num_envs, dtype=bool)  # noqa: SLF001

    def _on_step(self) -> bool:
        self._step += 1
        for i, info in enumerate(self.locals["infos"]):
            if "episode" in info:
                length = int(info["episode"]["l"])
                self._ended.append((i, self._step - length, self._step, float(info["episode"]["r"])))
        return True

    def _on_rollout_end(self) -> None:
        model: Any = self.model
        buffer = model.rollout_buffer
        whole = np.ones(buffer.advantages.shape, dtype=bool)
        buffer.advantages = weighted(buffer.advantages, self._chosen(whole) if self._selecting else whole)

    def _chosen(self, whole: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which steps (steps, environments) belong to the worst episodes."""
        environments = self.training_env.unwrapped
        assert isinstance(environments, RobotVecEnv)
        last = len(whole) - environments.episode_steps
        counted = [episode for episode in self._ended if 0 <= episode[1] <= last]
        counted.sort(key=lambda episode: episode[3])
        self._returns = np.array([episode[3] for episode in counted])
        chosen = np.zeros_like(whole)
        for i, first, end, _ in counted[: worst_count(len(counted), self._config.epsilon)]:
            chosen[first:end, i] = True
        return chosen


def worst_count(episodes: int, epsilon: float) -> int:
    """How many of so many episodes are the share ε; at least one, of any."""
    return min(episodes, max(1, math.floor(epsilon * episodes + TINY)))


def weighted(advantages: Array, chosen: NDArray[np.bool_]) -> Array:
    """Advantages (steps, environments) whose mean over all steps is that of the chosen ones, normalised.

    Over the chosen they have mean 0 and deviation 1 before the weight (all) / (chosen); elsewhere they are 0.
    """
    result = np.zeros_like(advantages)
    if not chosen.any():
        return result
    some = advantages[chosen]
    result[chosen] = (some - some.mean()) / (some.std() + TINY) * (chosen.size / chosen.sum())
    return result
