"""A Stable-Baselines3 vector environment of worker processes over shared memory.

Each worker steps several environments, so one wake-up serves many steps. Observations,
actions, rewards and flags live in shared arrays; pipes carry one byte a step, and pickles only
at the end of an episode.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.sharedctypes import SynchronizedArray
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvStepReturn

from contract.errors import TerrafirmaError
from sim.domains.domain import Domain
from sim.environment import RobotEnv

START_TIMEOUT = 120.0  # s
WORKER_DIED = "an environment worker died; its error is printed above."


@dataclass(frozen=True)
class EnvironmentSpec:
    """Plain data from which a worker builds its environments."""

    robot: str
    task: str
    domain: Domain


@dataclass
class SharedArrays:
    """Arrays over memory that all processes see; first axis is the environment."""

    observation: NDArray[np.float32]
    action: NDArray[np.float32]
    reward: NDArray[np.float64]
    done: NDArray[np.int32]  # 0 running, 1 terminated, 2 truncated
    final_observation: NDArray[np.float32]


class _Memory:
    """Owns the raw shared memory; each process maps arrays onto it."""

    def __init__(self, context: SpawnContext, count: int, observation: int, action: int) -> None:
        self._shape = count, observation, action
        self._raw: list[SynchronizedArray[Any]] = [
            context.Array("f", count * observation, lock=False),
            context.Array("f", count * action, lock=False),
            context.Array("d", count, lock=False),
            context.Array("i", count, lock=False),
            context.Array("f", count * observation, lock=False),
        ]

    def arrays(self) -> SharedArrays:
        count, observation, action = self._shape
        types = (np.float32, np.float32, np.float64, np.int32, np.float32)
        shapes = ((count, observation), (count, action), (count,), (count,), (count, observation))
        views = [
            np.frombuffer(raw, dtype=t).reshape(s)  # type: ignore[call-overload]
            for raw, t, s in zip(self._raw, types, shapes, strict=True)
        ]
        return SharedArrays(*views)


class SharedMemoryVecEnv(VecEnv):
    """`count` environments spread over `workers` processes.

    Environment i is seeded with `seed + i`, whatever the number of workers, so results do not
    depend on it.
    """

    def __init__(self, spec: EnvironmentSpec, count: int, workers: int, seed: int) -> None:
        probe = RobotEnv(spec.robot, spec.task, spec.domain)
        self.contract = probe.contract
        super().__init__(count, probe.observation_space, probe.action_space)
        size, width = self.contract.observation_size, len(self.contract.joints)
        probe.close()
        context = multiprocessing.get_context("spawn")
        memory = _Memory(context, count, size, width)
        self._arrays = memory.arrays()
        self._infos: list[dict[str, Any]] = [{} for _ in range(count)]
        self._pipes: list[Connection] = []
        self._processes = []
        for indices in np.array_split(np.arange(count), max(workers, 1)):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_work, args=(spec, indices.tolist(), seed, memory, theirs), daemon=True
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            self._receive(pipe, START_TIMEOUT)

    def reset(self) -> NDArray[np.float32]:
        self._order(b"r")
        for pipe in self._pipes:
            self._receive(pipe)
        return self._arrays.observation.copy()

    def step_async(self, actions: NDArray[Any]) -> None:
        self._arrays.action[:] = actions
        self._order(b"s")

    def step_wait(self) -> VecEnvStepReturn:
        self._infos = [{} for _ in range(self.num_envs)]
        for pipe in self._pipes:
            self._receive(pipe)
        arrays = self._arrays
        for i in np.flatnonzero(arrays.done):
            self._infos[i]["terminal_observation"] = arrays.final_observation[i].copy()
            self._infos[i]["TimeLimit.truncated"] = arrays.done[i] == 2
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

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Only `render_mode` exists here: the environments live in other processes."""
        return [None for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise TerrafirmaError(f"cannot set {attr_name!r}: environments in workers are fixed by their spec.")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        raise TerrafirmaError(f"cannot call {method_name!r}: environments in workers only step and reset.")

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: Any = None
    ) -> list[bool]:
        return [False for _ in self._get_indices(indices)]


def _work(
    spec: EnvironmentSpec, indices: Sequence[int], seed: int, memory: _Memory, pipe: Connection
) -> None:
    """Body of a worker process: step on b"s", reset on b"r", leave on b"q"."""
    arrays = memory.arrays()
    envs = [(i, RobotEnv(spec.robot, spec.task, spec.domain)) for i in indices]
    for i, env in envs:
        arrays.observation[i], _ = env.reset(seed=seed + i)
    pipe.send_bytes(b"k")
    while True:
        try:
            order = pipe.recv_bytes()
        except (EOFError, KeyboardInterrupt):
            return
        if order == b"q":
            return
        infos = []
        for i, env in envs:
            if order == b"r":
                arrays.observation[i], _ = env.reset()
            elif info := _step(env, i, arrays):
                infos.append((i, info))
        pipe.send_bytes(b"i" if infos else b"k")
        if infos:
            pipe.send(infos)


def _step(env: RobotEnv, i: int, arrays: SharedArrays) -> dict[str, Any]:
    """Step one environment in place; resets it at the end of an episode and returns its info."""
    observation, reward, terminated, truncated, info = env.step(arrays.action[i])
    arrays.reward[i] = reward
    arrays.done[i] = 1 if terminated else 2 if truncated else 0
    if not arrays.done[i]:
        arrays.observation[i] = observation
        return {}
    arrays.final_observation[i] = observation
    arrays.observation[i], _ = env.reset()
    return info
