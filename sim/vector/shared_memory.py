"""Environments in worker processes, over shared memory.

Each worker steps several environments, so one wake-up serves many steps. Observations,
actions, rewards and flags live in shared arrays; pipes carry one byte a step, and pickles only
at the end of an episode.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from contract.errors import TerrafirmaError
from sim.domains.domain import Domain
from sim.vector.base import RobotVecEnv
from sim.vector.process import SharedArrays, work
from sim.vector.spec import EnvironmentSpec

START_TIMEOUT = 120.0  # s
WORKER_DIED = "an environment worker died; its error is printed above."


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that start meanwhile never see Ctrl-C: they end with the one that they work for."""
    resource_tracker.ensure_running()  # which unblocks SIGINT when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class SharedMemoryVecEnv(RobotVecEnv):
    """`count` environments spread over `workers` processes of this machine."""

    def __init__(self, spec: EnvironmentSpec, count: int, workers: int, seed: int) -> None:
        super().__init__(spec, count)
        context = multiprocessing.get_context("spawn")
        memory = SharedArrays(context, count, *self.width)
        self._arrays = memory.arrays()
        self._pipes: list[Connection] = []
        self._processes = []
        for indices in np.array_split(np.arange(count), max(1, min(workers, count))):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=work, args=(spec, indices.tolist(), seed, memory, theirs), daemon=True
            )
            with _without_interrupts():
                process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        try:
            for pipe in self._pipes:
                self._receive(pipe, START_TIMEOUT)
        except TerrafirmaError:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [process.pid for process in self._processes if process.pid is not None]

    def reset(self) -> NDArray[np.float32]:
        self._order(b"r")
        for pipe in self._pipes:
            self._receive(pipe)
        return self._arrays.observation.copy()

    def redistribute(self, domain: Domain) -> None:
        self._order(b"d")
        for pipe in self._pipes:
            pipe.send(domain)
        for pipe in self._pipes:
            self._receive(pipe)

    def step_async(self, actions: NDArray[Any]) -> None:
        self._arrays.action[:] = actions
        self._order(b"s")

    def step_wait(self) -> VecEnvStepReturn:
        self._infos = [{} for _ in range(self.num_envs)]
        for pipe in self._pipes:
            self._receive(pipe)
        arrays = self._arrays
        self._finish(arrays)
        return arrays.observation.copy(), arrays.reward.copy(), arrays.done > 0, self._infos

    def _order(self, order: bytes) -> None:
        for pipe in self._pipes:
            try:
                pipe.send_bytes(order)
            except OSError as error:
                raise TerrafirmaError(WORKER_DIED) from error

    def _receive(self, pipe: Connection, timeout: float | None = None) -> None:
        """Wait for a worker's byte; what follows it is the infos of finished episodes."""
        try:
            if timeout is not None and not pipe.poll(timeout):
                raise TerrafirmaError(f"an environment worker did not start within {timeout:.0f} s.")
            if pipe.recv_bytes() == b"i":
                for i, info in pipe.recv():
                    self._infos[i] = info
        except (EOFError, OSError) as error:
            raise TerrafirmaError(WORKER_DIED) from error

    def close(self) -> None:
        for pipe in self._pipes:
            try:
                pipe.send_bytes(b"q")
            except OSError:
                continue  # that worker is gone already
        for process in self._processes:
            process.join(timeout=5)
            if process.is_alive():
                process.kill()
