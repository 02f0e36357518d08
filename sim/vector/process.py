"""Step arrays in memory that processes share, and the process that steps environments in it."""

from __future__ import annotations

from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.sharedctypes import SynchronizedArray
from typing import Any

import numpy as np

from sim.vector.spec import EnvironmentSpec, StepArrays
from sim.vector.worker import WorkerEnvironments


class SharedArrays:
    """Owns the raw shared memory; each process maps arrays onto it."""

    def __init__(self, context: SpawnContext, count: int, observation: int, action: int) -> None:
        self._sizes = StepArrays.sizes(count, observation, action)
        self._raw: dict[str, SynchronizedArray[Any]] = {
            name: context.Array(np.dtype(kind).char, int(np.prod(shape)), lock=False)
            for name, (kind, shape) in self._sizes.items()
        }

    def arrays(self, rows: slice = slice(None)) -> StepArrays:
        """The rows of these environments, without copying."""
        views = {
            name: np.frombuffer(raw, dtype=kind).reshape(shape)[rows]  # type: ignore[call-overload]
            for (name, raw), (kind, shape) in zip(self._raw.items(), self._sizes.values(), strict=True)
        }
        return StepArrays(**views)


def work(
    spec: EnvironmentSpec, indices: list[int], seed: int, memory: SharedArrays, pipe: Connection
) -> None:
    """Body of a worker process: step on b"s", reset on b"r", leave on b"q"; b"d" brings a domain."""
    rows = slice(indices[0], indices[-1] + 1)
    environments = WorkerEnvironments(spec, indices, memory.arrays(rows), seed)
    pipe.send_bytes(b"k")
    while True:
        try:
            order = pipe.recv_bytes()
        except EOFError:
            return
        if order == b"q":
            return
        infos = []
        if order == b"r":
            environments.reset()
        elif order == b"d":
            environments.batch.redistribute(pipe.recv())
        else:
            infos = environments.step()
        pipe.send_bytes(b"i" if infos else b"k")
        if infos:
            pipe.send(infos)
