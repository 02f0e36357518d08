"""How long a robot waits for the policy node's answer, against a node that only echoes.

Three processes: the robot's end of the wire, the policy node, and an echo node that uses the same
executor, messages and profiles. The two graphs take turns. A round trip is from a reading's stamp
to the arrival of the command that answers it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from contract.errors import TerrafirmaError
from pipeline.benches.bridge_policy import write_policy
from pipeline.benches.rows import Row, at_most, bounded
from pipeline.pictures.histogram import Histogram, write_histograms
from pipeline.progress import Report
from robot_bridge.environment import node_environment, own_domain

RATES = (50, 100, 200, 500, 1000)  # Hz
JUDGED = 500  # Hz
TURNS = 4  # of each graph
SECONDS = 2.5  # of a turn
JUDGED_SECONDS = 60.0  # of all turns of a graph at the rate that is judged
MOST = 1.3  # times the echo's round trip
MOST_MISSED = 0.1  # % of ticks
MOST_GROWTH = 1.0  # MB a minute, from the first turn's end to the last's
PARTS = len(RATES) * 2 * TURNS
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Turns:
    """What was measured at one rate, a list an entry for each turn."""

    echo: list[list[float]] = field(default_factory=list)  # µs
    policy: list[list[float]] = field(default_factory=list)  # µs
    ticks: int = 0
    missed: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)  # s of policy turns so far, MB


def run(
    report: Report, seconds: float = JUDGED_SECONDS, picture: Path | None = None
) -> tuple[list[Row], str]:
    """Rows for each rate; `seconds` are those of each graph at the rate that is judged."""
    measured: dict[int, Turns] = {}
    done = 0
    for rate in RATES:
        turns = measured[rate] = Turns()
        of_turn = seconds / TURNS if rate == JUDGED else SECONDS
        for _ in measure(rate, TURNS, of_turn, turns):
            done += 1
            report(done, {})
    if picture is not None:
        _draw(picture, measured[JUDGED])
    rows = [row for rate, turns in measured.items() for row in judge(rate, turns)]
    return rows, _remarks(measured[JUDGED])


def measure(rate: int, turns: int, seconds: float, into: Turns) -> Iterator[None]:
    """Fill `into`, and yield after each turn.

    Raises:
        TerrafirmaError: a process of the bench ended early; with what it said.
    """
    with tempfile.TemporaryDirectory(prefix="terrafirma-bench-") as folder:
        policy = Path(folder) / "policy.onnx"
        write_policy(policy, float(rate))
        with _nodes(Path(folder), policy) as (node, environment):
            probe = _start(
                *("robot_bridge.bench_probe", [str(policy), str(rate), str(turns), str(seconds)]),
                *(Path(folder) / "probe.log", environment),
                stdout=subprocess.PIPE,
            )
            assert probe.stdout is not None
            try:
                for line in probe.stdout:
                    _note(into, json.loads(line), node.pid, seconds)
                    yield
                if probe.wait() != 0:
                    logs = "\n".join(log.read_text()[-500:] for log in sorted(Path(folder).glob("*.log")))
                    raise TerrafirmaError(f"bench bridge: a process ended early.\n{logs}")
            finally:
                probe.kill()
                probe.wait()


def _note(into: Turns, turn: dict[str, Any], policy_pid: int, seconds: float) -> None:
    """Add what the probe said of one turn."""
    if turn["graph"] == "echo":
        into.echo.append(turn["trips"])
        return
    into.policy.append(turn["trips"])
    into.ticks += turn["ticks"]
    into.missed += turn["missed"]
    pages = int(Path(f"/proc/{policy_pid}/statm").read_text().split()[1])
    into.memory.append((len(into.policy) * seconds, pages * PAGE * 1e-6))


@contextmanager
def _nodes(folder: Path, policy: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, str]]]:
    environment = node_environment(os.environ) | own_domain(os.environ, os.getpid())
    arguments = ["--ros-args", "-r", "__ns:=/policy", "-p", f"policy:={policy}", "-p", "robot_timeout:=60.0"]
    node = _start("robot_bridge.policy_node", arguments, folder / "policy.log", environment)
    echo = _start("robot_bridge.bench_echo", [], folder / "echo.log", environment)
    try:
        yield node, environment
    finally:
        for process in (node, echo):
            process.send_signal(signal.SIGINT)
        for process in (node, echo):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(
    module: str, arguments: Sequence[str], log: Path, environment: dict[str, str], stdout: int | None = None
) -> subprocess.Popen[bytes]:
    with log.open("wb") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=stream if stdout is None else stdout,
            stderr=stream,
            env=environment,
        )


def judge(rate: int, turns: Turns) -> list[Row]:
    """Round trips against the echo's; at the rate that is judged also missed ticks and memory."""
    judged = rate == JUDGED
    rows = []
    for name, share in (("median", 50.0), ("99 %", 99.0)):
        values, references = (
            [float(np.percentile(trips, share)) for trips in graph] for graph in (turns.policy, turns.echo)
        )
        most = MOST if judged else None
        rows.append(at_most(f"{rate} Hz: round trip, {name}", values, "µs", references, most))
    missed = 100.0 * turns.missed / max(1, turns.ticks + turns.missed)
    rows.append(
        bounded(f"{rate} Hz: missed ticks", missed, "%", MOST_MISSED)
        if judged
        else Row(f"{rate} Hz: missed ticks", missed, "%")
    )
    if judged:
        rows.append(bounded(f"{rate} Hz: growth of memory", growth(turns), "MB/min", MOST_GROWTH))
    return rows


def growth(turns: Turns) -> float:
    """MB a minute by which the policy node's memory grew after its first turn."""
    (first, before), (last, after) = turns.memory[0], turns.memory[-1]
    return 60.0 * (after - before) / max(last - first, 1e-9)


def _draw(path: Path, turns: Turns) -> None:
    histograms = [
        Histogram(name, np.concatenate([np.asarray(trips) for trips in graph]))
        for name, graph in (("echo", turns.echo), ("policy node", turns.policy))
    ]
    write_histograms(path, f"Round trip at {JUDGED} Hz", "µs", histograms)


def _remarks(turns: Turns) -> str:
    megabytes = ", ".join(f"{memory:.1f}" for _, memory in turns.memory)
    return f"memory of the policy node after each turn at {JUDGED} Hz, MB: {megabytes}"
