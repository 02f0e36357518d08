"""Inputs of a domain classifier on one scale."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from adaptation.stacked.batch import Batch

LEAST = 1e-3  # deviation, below which an input is said not to vary
RATE = 0.01  # of the way to the newest batch's moments: what a policy meets changes while it learns


class Normaliser:
    """(s, a, s' - s) of both domains, for each seed.

    s and a are measured with the deviation of both domains together. With the target's own, a joint that
    cannot move there would tell the domains apart by its position alone, through any noise; the (s, a)
    classifier would be certain, and Δr without evidence. s' - s is measured with the target's deviation:
    what the target never does stands out. Where the target never varies at all it has no scale; that of
    both domains together is taken.
    """

    def __init__(self) -> None:
        self._moments: list[Tensor] = []  # mean and variance (S, 1, width) of source and target
        self.mean, self.deviation = torch.zeros(0), torch.ones(0)

    def learn(self, source: Batch, target: Batch) -> None:
        """Move the scales towards these transitions; the first ones set them."""
        seen = []
        for x in (_raw(source), _raw(target)):
            seen += [x.mean(dim=1, keepdim=True), x.var(dim=1, correction=0, keepdim=True)]
        if self._moments:
            torch._foreach_lerp_(self._moments, seen, RATE)
        else:
            self._moments = seen
        self._conclude(source.observation.shape[2] + source.action.shape[2])

    def _conclude(self, change: int) -> None:
        """Mean and deviation from the moments; s' - s begins at entry `change`."""
        source, source_variance, target, target_variance = self._moments
        variance = (source_variance + target_variance) / 2.0 + ((source - target) / 2.0) ** 2
        varies = target_variance[..., change:] > LEAST**2
        variance[..., change:] = torch.where(varies, target_variance[..., change:], variance[..., change:])
        self.mean, self.deviation = target.clone(), variance.sqrt().clamp(min=LEAST)

    def state_dict(self) -> dict[str, Any]:
        """Moments and scales."""
        return {"moments": self._moments, "mean": self.mean, "deviation": self.deviation}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on as the one whose state it was."""
        self._moments, self.mean, self.deviation = state["moments"], state["mean"], state["deviation"]

    def __call__(self, batch: Batch) -> Tensor:
        """(S, N, width), normalised."""
        return (_raw(batch) - self.mean) / self.deviation

    def change(self, normalised: Tensor) -> Tensor:
        """s' - s (..., S, N, observation_size) of which `normalised` is what a call gives."""
        size = normalised.shape[-1]
        return normalised * self.deviation[..., -size:] + self.mean[..., -size:]


def _raw(batch: Batch) -> Tensor:
    change = batch.next_observation - batch.observation
    return torch.cat([batch.observation, batch.action, change], dim=2)
