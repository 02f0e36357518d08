"""What studies of hidden robots have in common: values drawn by number, and the largest error of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np


class Found(Protocol):
    """One draw: what was hidden, and what was found of it."""

    @property
    def hidden(self) -> dict[str, float]: ...

    @property
    def found(self) -> dict[str, float]: ...


def drawn(study: int, draw: int, ranges: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Uniform values of one draw; `study` is what tells its draws from another study's."""
    rng = np.random.default_rng([study, draw])
    return {name: float(rng.uniform(low, high)) for name, (low, high) in ranges.items()}


def largest_error(rows: Sequence[Found], name: str, relative: bool) -> float:
    """Of all draws, in the parameter's unit or as a share of what was hidden."""
    gaps = ((row.found[name] - row.hidden[name], row.hidden[name]) for row in rows)
    return max(abs(gap / value if relative else gap) for gap, value in gaps)
