"""What the user last asked for, and what it is worth by now."""

from __future__ import annotations

import numpy as np

from contract.record import Command
from contract.state import Array


class TaskCommand:
    """The newest command, clipped to the contract's range, with its time-out.

    A command with a time-out falls back to neutral, also when the clock is turned back; a latched
    one (time-out None) is missing until the first has come, then stays.
    """

    def __init__(self, command: Command) -> None:
        self._timeout = command.timeout
        self._low, self._high = np.array(command.low), np.array(command.high)
        self._neutral = np.array(command.neutral)
        self._values: Array | None = None
        self._received = 0.0

    def set(self, values: Array, now: float) -> bool:
        """Take `values` (k,) at `now` s; returns False and keeps the old ones if they are not finite."""
        if values.shape != self._low.shape or not np.isfinite(values).all():
            return False
        self._values, self._received = np.clip(values, self._low, self._high), now
        return True

    def current(self, now: float) -> Array | None:
        """Values (k,) in force at `now` s; None while a latched command has never been given."""
        if self._timeout is None:
            return self._values
        if self._values is None or not 0 <= now - self._received <= self._timeout:
            return self._neutral
        return self._values
