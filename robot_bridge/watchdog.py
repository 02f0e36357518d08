"""What a robot's own controller does when set-points stop coming."""

from __future__ import annotations

import numpy as np

from contract.state import Array


class Watchdog:
    """Goes to a safe pose once the newest set-point is older than a time-out; times in simulated ns.

    Args:
        timeout: s.
        safe: where to go, (n,) rad; None: stay at the last set-point.
        seconds: how long the way there takes.
    """

    def __init__(self, timeout: float, safe: Array | None, seconds: float) -> None:
        self._timeout, self._seconds = timeout, seconds
        self._safe = safe
        self._last: Array | None = None
        self._fed = 0
        self._barking = False
        self.barks = 0  # how often the controller fell silent

    def feed(self, now: int, set_point: Array) -> None:
        """A set-point (n,) rad has come."""
        self._last, self._fed = set_point, now

    def set_point(self, now: int) -> Array | None:
        """What to aim at instead, (n,) rad; None while set-points come, and where none ever has."""
        late = (now - self._fed) * 1e-9 - self._timeout
        if self._last is None or self._safe is None or late < 0.0:
            self._barking = False
            return None
        if not self._barking:
            self._barking = True
            self.barks += 1
        progress = min(late / self._seconds, 1.0)
        return np.asarray(self._last + progress * (self._safe - self._last))
