"""Public PyBullet environments in public vector environments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AsyncVectorEnv
from stable_baselines3.common.vec_env import SubprocVecEnv

from pipeline.benches.rows import alternate, seconds

STEPS = 60  # of each environment, a round


def make(name: str) -> gymnasium.Env[Any, Any]:
    """One environment of pybullet_envs_gymnasium, made in the process that calls."""
    import pybullet_envs_gymnasium  # noqa: F401, registers its environments

    return gymnasium.make(name)


def peer_rates(name: str, processes: int, rounds: int, ours: Callable[[], float]) -> dict[str, list[float]]:
    """Environment steps a second of both vector environments and of `ours`, measured in turns."""
    makers: list[Callable[[], gymnasium.Env[Any, Any]]] = [partial(make, name) for _ in range(processes)]
    subprocess, asynchronous = SubprocVecEnv(makers), AsyncVectorEnv(makers)
    try:
        subprocess.reset()
        asynchronous.reset(seed=0)
        shape = (STEPS, processes, *(subprocess.action_space.shape or ()))
        actions = np.random.default_rng(0).uniform(-0.3, 0.3, shape).astype(np.float32)

        def rate(step: Callable[[np.ndarray], object]) -> float:
            return STEPS * processes / seconds(lambda: [step(action) for action in actions])

        return alternate(
            {
                "ours": ours,
                "SubprocVecEnv": lambda: rate(subprocess.step),
                "AsyncVectorEnv": lambda: rate(asynchronous.step),
            },
            rounds,
        )
    finally:
        subprocess.close()
        asynchronous.close()
