"""DARC's half-cheetah that may run either way (arXiv:2006.13916)."""

from __future__ import annotations

from typing import Any

import gymnasium
from gymnasium.utils import RecordConstructorArgs


class SpeedEitherWay(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """r = |v_x| - 0.1 |a|², around an environment whose info has both parts."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        observation, _, terminated, truncated, info = self.env.step(action)
        reward = abs(info["x_velocity"]) + info["reward_ctrl"]
        return observation, float(reward), terminated, truncated, info
