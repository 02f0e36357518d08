"""The ticks that a student has lived through lately, and the histories in them."""

from __future__ import annotations

import torch
from torch import Tensor

KEPT = 200_000  # ticks of all environments together


class TickMemory:
    """What each of `environments` saw tick by tick, and the latent that a teacher would have used.

    A ring over time. Histories (rows, ticks, observed) are oldest first and zero before their episode,
    as the exported graph keeps them.
    """

    def __init__(self, environments: int, observed: int, latent: int, history: int, kept: int = KEPT) -> None:
        self._slots = max(2 * history, kept // environments)
        self._history = history
        self._observed = torch.zeros(self._slots, environments, observed)
        self._latent = torch.zeros(self._slots, environments, latent)
        self._age = torch.zeros(self._slots, environments, dtype=torch.long)  # in ticks, 1 for the first
        self._back = torch.arange(1 - history, 1)  # from a tick to the others of its history
        self._count = 0

    def add(self, observed: Tensor, latent: Tensor, fresh: Tensor) -> None:
        """One more tick: (environments, observed), (environments, latent), and whose episode it begins."""
        slot, before = self._count % self._slots, (self._count - 1) % self._slots
        self._observed[slot], self._latent[slot] = observed, latent
        self._age[slot] = torch.where(fresh, 1, self._age[before] + 1)
        self._count += 1

    def newest(self) -> Tensor:
        """Every environment's history (environments, ticks, observed) at its newest tick."""
        rows = torch.arange(self._observed.shape[1])
        return self._histories(torch.full_like(rows, self._count - 1), rows)

    def sample(self, number: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Histories (number, ticks, observed) and latents (number, latent) of ticks drawn at random."""
        # of the oldest ticks of a full ring, part of the history is gone
        oldest = max(0, self._count - self._slots + self._history - 1) if self._count > self._slots else 0
        ticks = torch.randint(oldest, self._count, (number,), generator=generator)
        rows = torch.randint(self._observed.shape[1], (number,), generator=generator)
        return self._histories(ticks, rows), self._latent[ticks % self._slots, rows]

    def _histories(self, ticks: Tensor, rows: Tensor) -> Tensor:
        seen = self._observed[(ticks[:, None] + self._back) % self._slots, rows[:, None]]
        lived = -self._back < self._age[ticks % self._slots, rows][:, None]
        return seen * lived[..., None]
