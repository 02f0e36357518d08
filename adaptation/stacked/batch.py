"""Transitions of several seeds, as the learners take them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """N transitions for each of S seeds; never across a reset."""

    observation: Tensor  # (S, N, observation_size)
    action: Tensor  # (S, N, action_size), in [-1, 1]
    reward: Tensor  # (S, N)
    next_observation: Tensor  # (S, N, observation_size)
    terminated: Tensor  # (S, N), 1.0 for a true failure; running out of time is 0.0

    @staticmethod
    def join(first: Batch, second: Batch) -> Batch:
        """One batch of both, along N."""
        pairs = ((getattr(first, f.name), getattr(second, f.name)) for f in fields(Batch))
        return Batch(*(torch.cat(pair, dim=1) for pair in pairs))

    def __len__(self) -> int:
        return self.reward.shape[1]
