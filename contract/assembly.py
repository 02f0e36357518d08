"""The observation put together from its terms: read, scaled, clipped, and where asked remembered."""

from __future__ import annotations

from collections.abc import Callable
from types import EllipsisType

import numpy as np
from numpy.typing import NDArray

from contract.errors import ContractError
from contract.record import ObservationTerm
from contract.sources import SOURCES, Tick
from contract.state import Array

Rows = slice | EllipsisType  # of a batch; `...` is all of it


class Assembly:
    """The observations of a `batch` of rows, each with histories of its own."""

    def __init__(self, terms: tuple[ObservationTerm, ...], batch: tuple[int, ...]) -> None:
        dimensions = [term.dimension for term in terms]
        sizes = [term.dimension * term.history for term in terms]
        self._observation = np.zeros((*batch, sum(sizes)), dtype=np.float32)
        self._newest = np.zeros((*batch, sum(dimensions)))
        blocks = np.split(self._newest, np.cumsum(dimensions)[:-1], axis=-1)
        self._readers = [(_reader(term), block) for term, block in zip(terms, blocks, strict=True)]
        self._offset, self._factor, self._clip = (
            np.repeat([getattr(term, field) for term in terms], dimensions)
            for field in ("offset", "scale", "clip")
        )
        parts = np.split(self._observation, np.cumsum(sizes)[:-1], axis=-1)
        self._histories = [  # each term's newest values (..., d) and all that it shows of them (..., h, d)
            (block, part.reshape(*batch, term.history, term.dimension))
            for term, block, part in zip(terms, blocks, parts, strict=True)
            if any(other.history > 1 for other in terms)
        ]
        self._fresh = np.ones(batch, dtype=bool)

    def forget(self, rows: Rows) -> None:
        """Let the next reading of these rows fill their histories."""
        self._fresh[rows] = True

    def add(self, tick: Tick, rows: Rows) -> NDArray[np.float32]:
        """The observations (..., size) of these rows at a new reading: a view that the next overwrites."""
        for read, block in self._readers:
            block[rows] = read(tick)
        newest = self._newest[rows]
        newest -= self._offset
        newest *= self._factor
        np.minimum(np.maximum(newest, -self._clip, out=newest), self._clip, out=newest)
        if self._histories:
            self._remember(rows)
        else:
            self._observation[rows] = newest
        return self._observation[rows]

    def _remember(self, rows: Rows) -> None:
        """Move each term's history up by one, and put the newest values at its end."""
        fresh = self._fresh[rows]
        for block, history in self._histories:
            newest, shown = block[rows][..., None, :], history[rows]
            shown[..., :-1, :] = shown[..., 1:, :]
            shown[..., -1:, :] = newest
            if fresh.any():
                np.copyto(shown, newest, where=fresh[..., None, None])
        fresh[...] = False


def _reader(term: ObservationTerm) -> Callable[[Tick], Array]:
    read = SOURCES[term.source].read
    if read is None:
        raise ContractError(f"observation.{term.source} is privileged: no robot can sense it.")
    return read
