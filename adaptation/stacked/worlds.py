"""An environment for each seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from adaptation.transitions import Floats

Environment = gymnasium.Env[Any, Any]


class Worlds:
    """Each in an episode of its own; actions and observations are stacked."""

    def __init__(self, make: Callable[[], Environment], seeds: Sequence[int]) -> None:
        self.environments = [make() for _ in seeds]
        self.observation: Floats = np.stack(
            [env.reset(seed=seed)[0] for env, seed in zip(self.environments, seeds, strict=True)]
        ).astype(np.float32)

    def restart(self, entropy: Sequence[Sequence[int]]) -> None:
        """Begin new episodes, from the starts that these numbers make."""
        for i, (env, numbers) in enumerate(zip(self.environments, entropy, strict=True)):
            seed = int(np.random.SeedSequence(numbers).generate_state(1)[0])
            self.observation[i] = env.reset(seed=seed)[0]

    def step(self, actions: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Rewards (S,), what followed (S, observation_size), and whether it was a failure (S,).

        `observation` is of the next episode where one has ended.
        """
        count = len(self.environments)
        reward, terminated = np.zeros(count, np.float32), np.zeros(count, bool)
        following = np.empty_like(self.observation)
        for i, (env, action) in enumerate(zip(self.environments, actions, strict=True)):
            following[i], reward[i], terminated[i], truncated, _ = env.step(action)
            self.observation[i] = env.reset()[0] if terminated[i] or truncated else following[i]
        return reward, following, terminated

    def close(self) -> None:
        for env in self.environments:
            env.close()
