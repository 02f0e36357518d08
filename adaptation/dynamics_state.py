"""Which part of an observation the dynamics act on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contract.record import Contract

# What was asked for does not move the robot, and a tool position only repeats the joints. A
# classifier that saw the few dozen commands of a recording would know the domain by heart.
NOT_DYNAMICS = frozenset({"command", "tool_error", "tool_position"})


def dynamics_columns(contract: Contract) -> NDArray[np.intp]:
    """Indices of the observation entries that a gap model should look at."""
    columns: list[int] = []
    start = 0
    for term in contract.observation:
        size = term.dimension * term.history
        if term.source not in NOT_DYNAMICS:
            columns += range(start, start + size)
        start += size
    return np.array(columns)
