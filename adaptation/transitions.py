"""Transitions as arrays: what replay buffers, gap models and bags exchange."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.errors import TerrafirmaError

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Transitions:
    """N transitions of one domain; never across a reset or a change of command."""

    observation: Floats  # (N, observation_size)
    action: Floats  # (N, joints), normalised to [-1, 1]
    reward: Floats  # (N,)
    next_observation: Floats  # (N, observation_size)
    terminated: NDArray[np.bool_]  # (N,), true failure; running out of time is not

    def __post_init__(self) -> None:
        sizes = {
            len(a)
            for a in (self.observation, self.action, self.reward, self.next_observation, self.terminated)
        }
        if len(sizes) != 1:
            raise TerrafirmaError(f"arrays of transitions differ in length: {sorted(sizes)}.")

    def __len__(self) -> int:
        return len(self.reward)

    def sample(self, size: int, rng: np.random.Generator) -> Transitions:
        """`size` transitions drawn uniformly, with replacement."""
        return self.take(rng.integers(0, len(self), size))

    def take(self, index: NDArray[np.integer] | slice) -> Transitions:
        """The transitions at `index`, as a copy or view the way numpy does it."""
        return Transitions(
            self.observation[index],
            self.action[index],
            self.reward[index],
            self.next_observation[index],
            self.terminated[index],
        )
