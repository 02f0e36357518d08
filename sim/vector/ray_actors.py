"""Environments in Ray actors, on as many machines as the cluster has.

`ray start` on each machine makes the cluster; RAY_ADDRESS=auto finds it. Without one, Ray is
started here. Every machine needs the same terrafirma installed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import ray
from numpy.typing import NDArray
from ray.exceptions import GetTimeoutError, RayActorError, RayError
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from contract.errors import TerrafirmaError
from sim.domains.domain import Domain
from sim.vector.base import RobotVecEnv
from sim.vector.spec import EnvironmentSpec, StepArrays
from sim.vector.worker import WorkerEnvironments

START_TIMEOUT = 120.0  # s
MOST_LOSSES = 3  # of one worker without a step between them
GENERATION = 1_000_003  # added to the seeds of a replacement, so that it does not repeat what is lost

Reply = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.int32], NDArray[np.float32], list[Any]]


class _Worker:
    """The actor: several environments in one process."""

    def __init__(self, spec: EnvironmentSpec, indices: list[int], seed: int, width: tuple[int, int]) -> None:
        sizes = StepArrays.sizes(len(indices), *width)
        self._arrays = StepArrays(**{name: np.zeros(shape, kind) for name, (kind, shape) in sizes.items()})
        self._environments = WorkerEnvironments(spec, indices, self._arrays, seed)

    def observe(self) -> NDArray[np.float32]:
        return self._arrays.observation

    def reset(self) -> NDArray[np.float32]:
        self._environments.reset()
        return self._arrays.observation

    def redistribute(self, domain: Domain) -> None:
        self._environments.batch.redistribute(domain)

    def step(self, action: NDArray[np.float32]) -> Reply:
        a = self._arrays
        a.action[:] = action
        infos = self._environments.step()
        return a.observation, a.reward, a.done, a.final_observation, infos


class RayVecEnv(RobotVecEnv):
    """`count` environments spread over Ray actors of one CPU each.

    An actor that is lost is replaced. The episodes that it held end as truncated at the last
    observation known of them, with `worker_lost` in their info, and training goes on.

    Args:
        workers: number of actors; by default as many as the cluster has CPUs, but one.
    """

    def __init__(self, spec: EnvironmentSpec, count: int, workers: int | None, seed: int) -> None:
        super().__init__(spec, count)
        self._started_ray = not ray.is_initialized()
        if self._started_ray:
            ray.init(log_to_driver=False, include_dashboard=False, configure_logging=False)
        if workers is None:
            resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
            workers = max(1, int(resources.get("CPU", 1)) - 1)
        self._spec, self._seed = spec, seed
        sizes = StepArrays.sizes(count, *self.width)
        self._arrays = StepArrays(**{name: np.zeros(shape, kind) for name, (kind, shape) in sizes.items()})
        parts = np.array_split(np.arange(count), min(workers, count))
        self._rows = [slice(int(part[0]), int(part[-1]) + 1) for part in parts]
        self._generation = [0] * len(parts)
        self._losses = [0] * len(parts)
        self.replaced = 0  # actors so far
        self._unsaid: dict[int, NDArray[np.float32]] = {}  # lost between steps: where each was last seen
        self.workers = [self._start(w) for w in range(len(parts))]
        self._replies: list[Any] = []
        try:
            for w, worker in enumerate(self.workers):
                self._arrays.observation[self._rows[w]] = self._first(worker)
        except (RayError, TerrafirmaError) as error:
            self.close()
            raise TerrafirmaError(f"a Ray worker did not start: {error}") from error

    def _start(self, w: int) -> Any:
        rows = self._rows[w]
        seed = self._seed + GENERATION * self._generation[w]
        remote = ray.remote(num_cpus=1, max_restarts=0)(_Worker)
        return remote.remote(self._spec, list(range(rows.start, rows.stop)), seed, self.width)

    def _first(self, worker: Any) -> NDArray[np.float32]:
        """A new worker's first observations, when it has a CPU and has loaded its robots."""
        try:
            return np.asarray(ray.get(worker.observe.remote(), timeout=START_TIMEOUT))
        except GetTimeoutError as error:
            raise TerrafirmaError(
                f"a Ray worker did not start within {START_TIMEOUT:.0f} s; each takes one CPU of the cluster."
            ) from error

    def reset(self) -> NDArray[np.float32]:
        replies = [worker.reset.remote() for worker in self.workers]
        for w, reply in enumerate(replies):
            try:
                self._arrays.observation[self._rows[w]] = ray.get(reply)
            except RayActorError as error:
                self._replace(w, error)
        return self._arrays.observation.copy()

    def redistribute(self, domain: Domain) -> None:
        self._spec = replace(self._spec, domain=domain)  # for those that will replace an actor
        replies = [worker.redistribute.remote(domain) for worker in self.workers]
        for w, reply in enumerate(replies):
            try:
                ray.get(reply)
            except RayActorError as error:
                self._unsaid[w] = self._arrays.observation[self._rows[w]].copy()
                self._replace(w, error)

    def step_async(self, actions: NDArray[Any]) -> None:
        self._arrays.action[:] = actions
        self._replies = [
            worker.step.remote(self._arrays.action[rows])
            for worker, rows in zip(self.workers, self._rows, strict=True)
        ]

    def step_wait(self) -> VecEnvStepReturn:
        self._infos = [{} for _ in range(self.num_envs)]
        for w, reply in enumerate(self._replies):
            try:
                self._take(w, ray.get(reply))
            except RayActorError as error:
                self._unsaid.setdefault(w, self._arrays.observation[self._rows[w]].copy())
                self._replace(w, error)
            if w in self._unsaid:
                self._end(w, self._unsaid.pop(w))
        arrays = self._arrays
        self._finish(arrays)
        return arrays.observation.copy(), arrays.reward.copy(), arrays.done > 0, self._infos

    def _take(self, w: int, reply: Reply) -> None:
        rows, a = self._rows[w], self._arrays
        a.observation[rows], a.reward[rows], a.done[rows], a.final_observation[rows], infos = reply
        for i, info in infos:
            self._infos[i] = info
        self._losses[w] = 0

    def _end(self, w: int, seen: NDArray[np.float32]) -> None:
        """End the lost episodes where they were last seen; those of the new actor have begun."""
        rows, a = self._rows[w], self._arrays
        a.final_observation[rows] = seen
        a.reward[rows], a.done[rows] = 0.0, 2
        for i in range(rows.start, rows.stop):
            self._infos[i] = {"worker_lost": True}

    def _replace(self, w: int, error: RayActorError) -> None:
        self._losses[w] += 1
        if self._losses[w] > MOST_LOSSES:
            raise TerrafirmaError(
                f"Ray worker {w} was lost {self._losses[w]} times in a row: {error}"
            ) from error
        self._generation[w] += 1
        self.replaced += 1
        self.workers[w] = self._start(w)
        try:
            self._arrays.observation[self._rows[w]] = self._first(self.workers[w])
        except RayActorError as again:
            self._replace(w, again)

    def close(self) -> None:
        for worker in self.workers:
            ray.kill(worker)
        self.workers = []
        if self._started_ray:
            ray.shutdown()
