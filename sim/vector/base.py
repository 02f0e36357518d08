"""What every vector environment of this project has in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from contract.errors import TerrafirmaError
from sim.domains.domain import Domain
from sim.environment import spaces
from sim.environment_batch import EnvironmentBatch, episode_steps
from sim.vector.spec import EnvironmentSpec, StepArrays


class RobotVecEnv(VecEnv):
    """`count` environments that live elsewhere; they step and reset, and no more.

    Environment i is seeded with `[seed, i]`, whatever the number of workers, so results do not depend
    on it; no two seeds share an environment.

    `contract` is what policies see. Where the spec asks for it, `privileged_names` says what stands
    behind it in each observation.
    """

    def __init__(self, spec: EnvironmentSpec, count: int) -> None:
        probe = EnvironmentBatch(spec.robot, spec.task, spec.domain, 1, privileged=spec.privileged)
        probe.close()
        self._episode_steps = episode_steps(probe.task)
        self.contract, self.privileged_names = probe.contract, probe.privileged_names
        super().__init__(count, *spaces(probe.contract, len(self.privileged_names)))
        self._infos: list[dict[str, Any]] = [{} for _ in range(count)]

    @property
    def width(self) -> tuple[int, int]:
        """Numbers in one observation, and in one action."""
        observed = self.contract.observation_size + len(self.privileged_names)
        return observed, len(self.contract.joints)

    @abstractmethod
    def redistribute(self, domain: Domain) -> None:
        """Let every environment draw from `domain` from its next reset on.

        It is the spec's domain, but for the shapes of its settings. Not between the halves of a step.
        """

    @property
    def episode_steps(self) -> int:
        """Steps of an episode that nothing ends early."""
        return self._episode_steps

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
