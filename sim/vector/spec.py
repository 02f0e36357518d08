"""What a worker needs to know and to fill; importing it costs a worker neither torch nor Gymnasium."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.domains.domain import Domain


@dataclass(frozen=True)
class EnvironmentSpec:
    """Plain data from which a worker builds its environments.

    With `privileged` what no sensor says stands behind the contract's observation.
    """

    robot: str
    task: str
    domain: Domain
    privileged: bool = False


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
