"""A candidate beside the policy at work: asked each time, never heard."""

from __future__ import annotations

import numpy as np

from policies.runtime import Policy
from robot_bridge.succession import distance
from robot_bridge.tick import Tick


class Shadow:
    """Answers what the policy at work saw, for `ticks` ticks, and holds both actions against each other.

    Args:
        max_distance: largest mean `distance` of their actions.
    """

    def __init__(self, candidate: Policy, ticks: int, max_distance: float) -> None:
        self._candidate, self._left, self._most = candidate, ticks, max_distance
        self._scale = np.array(candidate.contract.action.scale)
        self._whole, self._last = ticks, -1
        self._distances: list[float] = []
        self._is_finite = True

    @property
    def is_over(self) -> bool:
        """Whether there is a verdict."""
        return self._left <= 0 or not self._is_finite

    @property
    def distance(self) -> float:
        """Mean so far."""
        return float(np.mean(self._distances)) if self._distances else 0.0

    def see(self, tick: Tick) -> None:
        """Another tick that acted; behind a gap it begins anew."""
        if tick.session_tick != self._last + 1:
            self._candidate.reset()
            self._left = self._whole
            self._distances.clear()
        self._last = tick.session_tick
        action = np.clip(self._candidate(tick.observation), -self._scale, self._scale)
        self._is_finite = self._is_finite and bool(np.isfinite(action).all())
        self._distances.append(distance(action, tick.action, self._scale))
        self._left -= 1

    def objection(self) -> str | None:
        """Why the candidate must not act, or None."""
        if not self._is_finite:
            return "its action is not finite"
        if self.distance > self._most:
            return (
                f"in shadow its actions were {self.distance:.2f} from those applied, more than {self._most:g}"
            )
        return None
