"""Random numbers of several seeds, each from its own generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class Noise:
    """A generator for each seed; what one draws does not depend on who is beside it."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers (S, *shape)."""
        return torch.stack([torch.randn(shape, generator=g) for g in self.generators])

    def state_dict(self) -> dict[str, Any]:
        """Where each generator is."""
        return {str(i): g.get_state() for i, g in enumerate(self.generators)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on as the one whose state it was."""
        for i, generator in enumerate(self.generators):
            generator.set_state(state[str(i)])
