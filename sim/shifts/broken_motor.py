"""A motor that does nothing, whatever it is told."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray


class BrokenMotor(gymnasium.ActionWrapper[Any, NDArray[np.float32], Any], RecordConstructorArgs):
    """Replaces one entry of the action with 0, as in DARC's broken environments (arXiv:2006.13916)."""

    def __init__(self, env: gymnasium.Env[Any, Any], index: int) -> None:
        RecordConstructorArgs.__init__(self, index=index)
        super().__init__(env)
        self._index = index

    def action(self, action: NDArray[np.float32]) -> NDArray[np.float32]:
        executed = np.array(action, copy=True)
        executed[self._index] = 0.0
        return executed
