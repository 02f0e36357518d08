"""A user who asks for something new every few seconds."""

from __future__ import annotations

import numpy as np

from contract.errors import TerrafirmaError
from contract.record import Command
from contract.state import Array


class Commander:
    """Uniform random commands within the contract's range, each kept for `interval` s.

    Raises:
        TerrafirmaError: the interval is not positive.
    """

    def __init__(self, command: Command, interval: float, rng: np.random.Generator) -> None:
        if not interval > 0:
            raise TerrafirmaError(f"interval: {interval} s must be positive.")
        self._low, self._high = np.array(command.low), np.array(command.high)
        self._interval, self._rng = interval, rng
        self._values: Array | None = None
        self._since = 0.0

    def current(self, now: float) -> Array:
        """The command (k,) in force at `now` s."""
        if self._values is None or not 0 <= now - self._since < self._interval:
            self._values, self._since = self._rng.uniform(self._low, self._high), now
        return self._values
