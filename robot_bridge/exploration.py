"""Deliberate deviations from the policy while data are collected, within its action range."""

from __future__ import annotations

import numpy as np

from contract.errors import TerrafirmaError
from contract.state import Array


class Exploration:
    """Gaussian noise on every action, and whole command segments of uniform random actions.

    Args:
        scale: (n,) rad for a normalised action of 1.
        std: of the noise, in normalised action units; 0 for none.
        random_fraction: of command segments that ignore the policy, in [0, 1].
        rng: where all randomness comes from.

    Raises:
        TerrafirmaError: a negative std or a fraction outside [0, 1].
    """

    def __init__(self, scale: Array, std: float, random_fraction: float, rng: np.random.Generator) -> None:
        if not std >= 0:
            raise TerrafirmaError(f"exploration_std: {std} must be 0 or more.")
        if not 0 <= random_fraction <= 1:
            raise TerrafirmaError(f"random_fraction: {random_fraction} must be between 0 and 1.")
        self._scale, self._std, self._fraction, self._rng = scale, std, random_fraction, rng
        self._random = False

    def new_segment(self) -> None:
        """The command changed: draw whether the policy is followed until the next change."""
        self._random = self._fraction > 0 and bool(self._rng.random() < self._fraction)

    def apply(self, action: Array) -> Array:
        """The action (n,) rad to take where the policy says `action`, within ± scale."""
        if self._random:
            action = self._scale * self._rng.uniform(-1.0, 1.0, self._scale.shape)
        elif self._std > 0:
            action = action + self._scale * self._std * self._rng.standard_normal(self._scale.shape)
        return np.asarray(np.clip(action, -self._scale, self._scale))
