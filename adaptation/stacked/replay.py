"""Replay memory of several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from adaptation.stacked.batch import Batch
from adaptation.transitions import Floats

REPLAY = 2  # of the streams that a seed has
FIELDS = ("observation", "action", "reward", "next_observation", "terminated")


class StackedReplay:
    """The last `capacity` transitions of each seed; all seeds have equally many.

    Two memories of one study draw from different streams.
    """

    def __init__(
        self, seeds: Sequence[int], capacity: int, observation: int, action: int, stream: int = 0
    ) -> None:
        count = len(seeds)
        self._arrays: dict[str, Floats] = {
            "observation": np.zeros((count, capacity, observation), np.float32),
            "action": np.zeros((count, capacity, action), np.float32),
            "reward": np.zeros((count, capacity), np.float32),
            "next_observation": np.zeros((count, capacity, observation), np.float32),
            "terminated": np.zeros((count, capacity), np.float32),
        }
        self._rngs = [np.random.default_rng([seed, REPLAY, stream]) for seed in seeds]
        self._capacity, self._added = capacity, 0
        self._seed_rows = np.arange(count)[:, None]

    def __len__(self) -> int:
        return min(self._added, self._capacity)

    def add(
        self,
        observation: Floats,
        action: Floats,
        reward: Floats,
        following: Floats,
        terminated: NDArray[np.bool_],
    ) -> None:
        """One transition of each seed; the first axis is the seed."""
        row = self._added % self._capacity
        for name, values in zip(FIELDS, (observation, action, reward, following, terminated), strict=True):
            self._arrays[name][:, row] = values
        self._added += 1

    def sample(self, size: int) -> Batch:
        """`size` transitions of each seed, uniformly and with replacement, from its own generator."""
        columns = np.stack([rng.integers(0, len(self), size) for rng in self._rngs])
        drawn = (torch.from_numpy(self._arrays[name][self._seed_rows, columns]) for name in FIELDS)
        return Batch(*drawn)

    def everything(self) -> Batch:
        """All of them, in no particular order."""
        return Batch(*(torch.from_numpy(self._arrays[name][:, : len(self)]) for name in FIELDS))

    def state(self) -> dict[str, Any]:
        """What `restore` needs, as tensors and plain values."""
        kept = {
            name: torch.from_numpy(values[:, : len(self)].copy()) for name, values in self._arrays.items()
        }
        return kept | {"added": self._added, "rngs": [rng.bit_generator.state for rng in self._rngs]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on as the one whose state it was."""
        self._added = state["added"]
        for name, values in self._arrays.items():
            values[:, : len(self)] = state[name].numpy()
        for rng, was in zip(self._rngs, state["rngs"], strict=True):
            rng.bit_generator.state = was
