"""What every vector environment of this project has in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from contract.errors import TerrafirmaError
from sim.domains.domain import Domain
from sim.environment import RobotEnv


@dataclass(frozen=True)
class EnvironmentSpec:
    """Plain data from which a worker builds its environments."""

    robot: str
    task: str
    domain: Domain


@dataclass
class StepArrays:
    """What a step takes and gives; the first axis is the environment."""

    observation: NDArray[np.float32]
    action: NDArray[np.float32]
    reward: NDArray[np.float64]
    done: NDArray[np.int32]  # 0 running, 1 terminated, 2 truncated
    final_observation: NDArray[np.float32]

    @staticmethod
    def sizes(count: int, observation: int, action: int) -> dict[str, tuple[type, tuple[int, ...]]]:
        """Type and shape of each array."""
        return {
            "observation": (np.float32, (count, observation)),
            "action": (np.float32, (count, action)),
            "reward": (np.float64, (count,)),
            "done": (np.int32, (count,)),
            "final_observation": (np.float32, (count, observation)),
        }


class RobotVecEnv(VecEnv):
    """`count` environments that live elsewhere; they step and reset, and no more.

    Environment i is seeded with `seed + i`, whatever the number of workers, so results do not
    depend on it.
    """

    def __init__(self, spec: EnvironmentSpec, count: int) -> None:
        probe = RobotEnv(spec.robot, spec.task, spec.domain)
        self.contract = probe.contract
        super().__init__(count, probe.observation_space, probe.action_space)
        probe.close()
        self._infos: list[dict[str, Any]] = [{} for _ in range(count)]

    def _finish(self, arrays: StepArrays) -> None:
        """Say of the environments whose episode ended what Stable-Baselines3 wants to know."""
        for i in np.flatnonzero(arrays.done):
            self._infos[i]["terminal_observation"] = arrays.final_observation[i].copy()
            self._infos[i]["TimeLimit.truncated"] = arrays.done[i] == 2

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Only `render_mode` exists here."""
        return [None for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise TerrafirmaError(f"cannot set {attr_name!r}: environments in workers are fixed by their spec.")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        raise TerrafirmaError(f"cannot call {method_name!r}: environments in workers only step and reset.")

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: Any = None
    ) -> list[bool]:
        return [False for _ in self._get_indices(indices)]


class WorkerEnvironments:
    """The environments of one worker, which write into rows of `arrays`; their curricula follow success."""

    def __init__(self, spec: EnvironmentSpec, indices: Sequence[int], arrays: StepArrays, seed: int) -> None:
        self._envs = [(i, RobotEnv(spec.robot, spec.task, spec.domain, curriculum=True)) for i in indices]
        self._arrays = arrays
        for row, (i, env) in enumerate(self._envs):
            arrays.observation[row], _ = env.reset(seed=seed + i)

    def reset(self) -> None:
        """Begin a new episode in each."""
        for row, (_, env) in enumerate(self._envs):
            self._arrays.observation[row], _ = env.reset()

    def step(self) -> list[tuple[int, dict[str, Any]]]:
        """Step each with its action; returns the infos of the episodes that ended."""
        infos = []
        for row, (i, env) in enumerate(self._envs):
            if info := _step(env, row, self._arrays):
                infos.append((i, info))
        return infos


def _step(env: RobotEnv, row: int, arrays: StepArrays) -> dict[str, Any]:
    """Step one environment in place; resets it at the end of an episode and returns its info."""
    observation, reward, terminated, truncated, info = env.step(arrays.action[row])
    arrays.reward[row] = reward
    arrays.done[row] = 1 if terminated else 2 if truncated else 0
    if not arrays.done[row]:
        arrays.observation[row] = observation
        return {}
    arrays.final_observation[row] = observation
    arrays.observation[row], _ = env.reset()
    return info
