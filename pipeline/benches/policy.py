"""What a step of each shipped policy costs on one core, and what its matrix products alone would.

All candidates take turns in one process that was started with one thread for linear algebra, so
that numpy's products use no more of the machine than the policy does.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from pipeline.benches.rows import Row, alternate, seconds
from pipeline.evaluation.process import THREADS
from pipeline.places import ZOO
from pipeline.progress import Report
from policies.runtime import Policy

ROUNDS = 15
STEPS = 1000  # a round
GOAL = 100.0  # µs of the policy's own run
POLICIES = sorted(ZOO.glob("*.onnx"))
PARTS = len(POLICIES)

Samples = dict[str, list[float]]


def run(report: Report) -> tuple[list[Row], str]:
    """Two rows a policy; the text says where time goes where the goal is missed."""
    rows: list[Row] = []
    remarks: list[str] = []
    with _one_thread():
        pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        with pool:
            for done, path in enumerate(POLICIES):
                report(done, {})
                samples = pool.submit(measure, path).result()
                own = judge(path.stem, samples)
                rows += own
                if not all(row.met for row in own):
                    remarks.append(f"{path.stem}: where the time goes\n{parts(samples)}")
    report(PARTS, {})
    return rows, "\n".join(remarks)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started in here load their linear algebra with one thread each."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def judge(name: str, samples: Samples) -> list[Row]:
    """The policy's run against the bare products, and the whole tick against the policy's run."""
    network, tick = samples["network"], samples["tick"]
    return [
        _row(f"{name}: network", network, samples["products"], GOAL),
        _row(f"{name}: whole tick, against its network", tick, network),
    ]


def _row(metric: str, values: list[float], references: list[float], most: float = np.inf) -> Row:
    """The ratio is the median of the rounds' own: a busy moment slows both down."""
    value, ratio = float(np.median(values)), float(np.median(np.divide(values, references)))
    goal = f"≤ {most:g} µs" if np.isfinite(most) else ""
    return Row(metric, value, "µs", float(np.median(references)), ratio, goal, value <= most)


def parts(samples: Samples) -> str:
    """A line for each part of a tick, in µs."""
    return "\n".join(f"  {np.median(values):7.1f}  {name}" for name, values in samples.items())


def measure(path: Path) -> Samples:
    """µs a step of every part in every round; meant for a process with one thread."""
    policy = Policy(path)
    candidates = {name: _timed(work) for name, work in _parts(policy, layers(path)).items()}
    for candidate in candidates.values():
        candidate()  # warm
    return alternate(candidates, ROUNDS)


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        return 1e6 * seconds(lambda: [work() for _ in range(STEPS)]) / STEPS

    return measure


def _parts(policy: Policy, matrices: list[NDArray[np.float32]]) -> dict[str, Callable[[], object]]:
    """What is timed, all on the first reading of the policy's own golden trace."""
    session, first = policy.session(), policy.golden.ticks[0]
    state, command, action = first.state(), np.array(first.command), np.array(first.action)
    observation = np.array(first.observation, dtype=np.float32)
    vectors = [np.ones((1, len(matrix)), dtype=np.float32) for matrix in matrices]
    pairs = list(zip(vectors, matrices, strict=True))

    def tick() -> object:
        return session.act(policy(session.observe(state, command)))

    return {
        "tick": tick,
        "observe": lambda: session.observe(state, command),
        "network": lambda: policy(observation),
        "act": lambda: session.act(action),
        "products": lambda: [vector @ matrix for vector, matrix in pairs],
    }


def layers(path: Path) -> list[NDArray[np.float32]]:
    """The matrices (inputs, outputs) that an observation is multiplied with, in order."""
    graph = onnx.load(path).graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    found = []
    for node in graph.node:
        if node.op_type in ("Gemm", "MatMul") and node.input[1] in weights:
            matrix = np.array(onnx.numpy_helper.to_array(weights[node.input[1]]), dtype=np.float32)
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            found.append(np.ascontiguousarray(matrix.T) if transposed else matrix)
    return found
