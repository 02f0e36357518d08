"""How fast environments step: against the engine's own step, and against public environments.

The floor of an environment step is what `stepSimulation` alone takes in the same states with
the same contacts: the same rollout again, in which only the engine's own calls are timed. In
that one Python orders each step, which leaves the caches no colder than ours are.
"""

from __future__ import annotations

import cProfile
import io
import pstats
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from pipeline.benches.lockstep import LockStep
from pipeline.benches.processes import own_megabytes, processor_seconds
from pipeline.benches.rows import Row, alternate, bounded, compare, seconds
from pipeline.progress import Report
from policies.config import PpoConfig
from sim.domains.reader import load_domain
from sim.engines.bullet import pybullet
from sim.engines.bullet_engine import BulletEngine
from sim.engines.bullet_native import library
from sim.environment_batch import EnvironmentBatch
from sim.vector.shared_memory import SharedMemoryVecEnv
from sim.vector.spec import EnvironmentSpec

ROUNDS = 21
STEPS = 50  # of each environment of one process, a round
VECTOR_STEPS = 60  # of each environment, a round
ENVIRONMENTS = 24  # a process, as in training
PROCESSES = 2
FLOOR_GOALS = {("a1", "velocity"): 0.85, ("ant", "run"): 0.8}
PEERS = {"ant": "AntBulletEnv-v0", "half_cheetah": "HalfCheetahBulletEnv-v0"}
PEER_GOAL, PARALLEL_GOAL = 3.0, 0.9
START_SECONDS, MEGABYTES = 5.0, 40.0
START_COUNT = PpoConfig().environments
PARTS = len(FLOOR_GOALS) + 3


def run(report: Report) -> tuple[list[Row], str]:
    """All measurements; the text says where time goes where a goal is missed."""
    rows: list[Row] = []
    remarks: list[str] = []
    if library() is None:
        remarks.append(
            "no native steps: no C compiler, or one that PyBullet does not fit (terrafirma doctor)."
        )
    for part, ((robot, task), goal) in enumerate(FLOOR_GOALS.items()):
        report(part, {})
        row = against_floor(robot, task, goal)
        rows.append(row)
        if not row.met:
            remarks.append(
                f"{row.metric}: where the time goes, µs an environment step\n{profile(robot, task)}"
            )
    report(PARTS - 3, {})
    together, remark = parallel("a1", "velocity")
    rows += together
    remarks += [remark] * (not together[0].met)
    report(PARTS - 2, {})
    rows += start("a1", "velocity")
    report(PARTS - 1, {})
    peers, remark = against_peers()
    report(PARTS, {})
    return rows + peers, "\n".join([*remarks, remark]).strip()


def against_floor(robot: str, task: str, goal: float) -> Row:
    """Environment steps a second in one process, against the engine's own steps."""
    batch = EnvironmentBatch(robot, task, load_domain("nominal"), ENVIRONMENTS)
    try:
        rollouts = {
            "ours": lambda: STEPS * ENVIRONMENTS / _rollout(batch),
            "floor": lambda: STEPS * ENVIRONMENTS / _engine_seconds(batch),
        }
        rates = alternate(rollouts, ROUNDS)
    finally:
        batch.close()
    metric = f"{robot}-{task}, {ENVIRONMENTS} in one process"
    return compare(metric, rates["ours"], "steps/s", rates["floor"], goal)


def _rollout(batch: EnvironmentBatch) -> float:
    """Seconds of STEPS steps of the whole batch; resets are not counted."""
    total, rng = 0.0, np.random.default_rng(0)
    generators = [np.random.default_rng(row) for row in range(len(batch.robots))]
    for row, generator in enumerate(generators):
        batch.reset(row, generator, anew=True)
    shape = len(generators), len(batch.contract.joints)
    for _ in range(STEPS):
        action = rng.uniform(-0.3, 0.3, shape).astype(np.float32)
        started = time.perf_counter()
        batch.step(action)
        total += time.perf_counter() - started
        for row in np.flatnonzero(batch.terminated | batch.truncated).tolist():
            batch.reset(row, generators[row], anew=False)
    return total


class _Timer:
    """Stands in for `pybullet.stepSimulation` and adds up its time."""

    def __init__(self) -> None:
        self.seconds, self._step = 0.0, pybullet.stepSimulation

    def __call__(self, **arguments: int) -> None:
        started = time.perf_counter()
        self._step(**arguments)
        self.seconds += time.perf_counter() - started

    def __enter__(self) -> _Timer:
        pybullet.stepSimulation = self
        return self

    def __exit__(self, *_: object) -> None:
        pybullet.stepSimulation = self._step


def _engine_seconds(batch: EnvironmentBatch) -> float:
    """Seconds that the engine's own steps take in the same rollout, whose steps Python orders one by one."""
    engines = [cast(BulletEngine, robot.engine) for robot in batch.robots]
    native = [engine.native for engine in engines]
    try:
        for engine in engines:
            engine.native = None
        with _Timer() as timer:
            _rollout(batch)
    finally:
        for engine, steps in zip(engines, native, strict=True):
            engine.native = steps
    return timer.seconds


def profile(robot: str, task: str, lines: int = 12) -> str:
    """The functions that take most of an environment step, by their own time."""
    batch = EnvironmentBatch(robot, task, load_domain("nominal"), ENVIRONMENTS)
    profiler = cProfile.Profile()
    profiler.runcall(_rollout, batch)
    batch.close()
    stats = pstats.Stats(profiler, stream=io.StringIO())
    found = [
        (own / (STEPS * ENVIRONMENTS) * 1e6, calls / (STEPS * ENVIRONMENTS), Path(where[0]).name, where[2])
        for where, (_, calls, own, _, _) in stats.stats.items()  # type: ignore[attr-defined]
    ]
    found.sort(reverse=True)
    return "\n".join(
        f"  {us:7.1f}  {calls:6.2f} calls  {file}:{name}" for us, calls, file, name in found[:lines]
    )


def _vector_rate(env: SharedMemoryVecEnv) -> float:
    actions = np.random.default_rng(0).uniform(
        -0.3, 0.3, (VECTOR_STEPS, env.num_envs, len(env.contract.joints))
    )
    return (
        VECTOR_STEPS
        * env.num_envs
        / seconds(lambda: [env.step(action) for action in actions.astype(np.float32)])
    )


def parallel(robot: str, task: str) -> tuple[list[Row], str]:
    """Two worker processes against twice one, and the same of processes that only calculate.

    The text says where the time of the workers goes.
    """
    spec = EnvironmentSpec(robot, task, load_domain("nominal"))
    counts = 1, PROCESSES
    envs = {n: SharedMemoryVecEnv(spec, n * ENVIRONMENTS, n, 0) for n in counts}
    bare = {n: LockStep(n) for n in counts}
    try:
        for env in envs.values():
            env.reset()
        measures: dict[str, Callable[[], float]] = {}
        for n in counts:
            measures[f"ours {n}"] = partial(_vector_rate, envs[n])
            measures[f"bare {n}"] = partial(bare[n].rate, VECTOR_STEPS)
        rates = alternate(measures, ROUNDS)
        lines = [f"{robot}-{task}, where the time of the workers goes", *map(_work, envs.values())]
    finally:
        for n in counts:
            envs[n].close()
            bare[n].close()
    metric = f"{PROCESSES} processes, parallel efficiency"
    twice = {name: [PROCESSES * rate for rate in rates[f"{name} 1"]] for name in ("ours", "bare")}
    rows = [
        compare(
            f"{robot}-{task}, {metric}", rates[f"ours {PROCESSES}"], "steps/s", twice["ours"], PARALLEL_GOAL
        ),
        compare(f"only arithmetic, {metric}", rates[f"bare {PROCESSES}"], "steps/s", twice["bare"]),
    ]
    return rows, "\n".join(lines)


def _work(env: SharedMemoryVecEnv) -> str:
    """What a step costs its worker, and how long the workers wait: for each other, and to be asked."""
    steps, before = 0, [processor_seconds(pid) for pid in env.pids]
    started = time.perf_counter()
    for _ in range(ROUNDS):
        _vector_rate(env)
        steps += VECTOR_STEPS * env.num_envs
    took = time.perf_counter() - started
    spent = [processor_seconds(pid) - start for pid, start in zip(env.pids, before, strict=True)]
    waited = ", ".join(f"{1.0 - each / took:.0%}" for each in spent)
    cost = f"{sum(spent) / steps * 1e6:.0f} µs of a processor an environment step"
    return f"  {len(spent)} of them: {cost}, {waited} of the time waiting"


def start(robot: str, task: str) -> list[Row]:
    """What the default number of environments takes to start, in time and memory."""
    spec = EnvironmentSpec(robot, task, load_domain("nominal"))
    made: list[SharedMemoryVecEnv] = []
    took = seconds(lambda: made.append(SharedMemoryVecEnv(spec, START_COUNT, PROCESSES, 0)))
    try:
        memory = sum(own_megabytes(pid) for pid in made[0].pids)
    finally:
        made[0].close()
    name = f"{START_COUNT} {robot} environments"
    return [
        bounded(f"{name}, start", took, "s", START_SECONDS),
        bounded(f"{name}, memory of each", memory / START_COUNT, "MB", MEGABYTES),
    ]


def against_peers() -> tuple[list[Row], str]:
    """The same robots in pybullet_envs_gymnasium, with the same number of processes."""
    try:
        import pybullet_envs_gymnasium  # noqa: F401, registers its environments
    except ModuleNotFoundError:
        return [], "pybullet_envs_gymnasium is not installed, so no peer was measured (extra: bench)."
    from pipeline.benches.peers import peer_rates

    rows = []
    for robot, peer in PEERS.items():
        spec = EnvironmentSpec(robot, "run", load_domain("nominal"))
        env = SharedMemoryVecEnv(spec, PROCESSES * ENVIRONMENTS, PROCESSES, 0)
        try:
            env.reset()
            rates = peer_rates(peer, PROCESSES, ROUNDS, partial(_vector_rate, env))
        finally:
            env.close()
        ours = rates.pop("ours")
        rows += [
            compare(
                f"{robot}-run, {PROCESSES} processes, against {peer} in {name}",
                ours,
                "steps/s",
                rate,
                PEER_GOAL,
            )
            for name, rate in rates.items()
        ]
    return rows, ""
