"""What this machine lets processes have that wait for each other at each step.

The same protocol as that of the environments in worker processes, around arithmetic on a few numbers that
stay in the cache: what two of these lose against one is the machine's, or its other tenants', not ours.
"""

from __future__ import annotations

import multiprocessing
from functools import partial
from multiprocessing.connection import Connection

import numpy as np

from pipeline.benches.rows import seconds

NUMBERS = 64
ROUNDS = 3_600  # of the arithmetic, a step: about as long as a step of 24 a1 environments


def _work(pipe: Connection) -> None:
    """Body of a process: one byte in, arithmetic, one byte out."""
    start = np.random.default_rng(0).random(NUMBERS)
    while pipe.recv_bytes() == b"s":
        values = start
        for _ in range(ROUNDS):
            values = np.sin(values) * 1.1 + start
        pipe.send_bytes(b"k")


class LockStep:
    """`count` processes of which none begins a step before all have ended the last one."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            self._processes.append(context.Process(target=_work, args=(theirs,), daemon=True))
            self._processes[-1].start()
            theirs.close()
            self._pipes.append(ours)
        self._run(1)  # once they have started

    def rate(self, steps: int) -> float:
        """Steps of all processes a second."""
        return steps * len(self._pipes) / seconds(partial(self._run, steps))

    def _run(self, steps: int) -> None:
        for _ in range(steps):
            for pipe in self._pipes:
                pipe.send_bytes(b"s")
            for pipe in self._pipes:
                pipe.recv_bytes()

    def close(self) -> None:
        """End the processes."""
        for pipe in self._pipes:
            pipe.send_bytes(b"q")
        for process in self._processes:
            process.join()
