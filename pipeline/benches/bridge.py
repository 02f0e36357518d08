"""How long a robot waits for the policy node's answer, against a node that only echoes.

Four processes: the robot's end of the wire, the policy node as it comes, one that rehearses, and an echo
node that uses the same executor, messages and profiles. The three graphs take turns. A round trip is from a
reading's stamp to the arrival of the command that answers it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from contract.errors import TerrafirmaError
from pipeline.benches.bridge_policy import write_policy
from pipeline.benches.processes import processor_seconds, resident_megabytes
from pipeline.benches.rows import Row, at_most, bounded
from pipeline.pictures.histogram import Histogram, write_histograms
from pipeline.progress import Report
from robot_bridge.environment import node_environment, own_domain

RATES = (50, 100, 200, 500, 1000)  # Hz
JUDGED = 500  # Hz
ECHO, POLICY, REHEARSING = GRAPHS = ("echo", "policy", "rehearsing")
NAMES = {ECHO: "echo", POLICY: "policy node", REHEARSING: "with rehearsal"}
TURNS = 4  # of each graph
SECONDS = 2.5  # of a turn
JUDGED_SECONDS = 60.0  # of all turns of a graph at the rate that is judged
MOST = 1.3  # times the echo's round trip
MOST_MISSED = 0.1  # % of ticks
MOST_GROWTH = 0.1  # MB a minute, in the second half of the turns
PARTS = len(RATES) * len(GRAPHS) * TURNS


@dataclass
class Turns:
    """What was measured of one graph at one rate, a list an entry for each turn."""

    trips: list[list[float]] = field(default_factory=list)  # µs
    ticks: int = 0
    missed: int = 0
    seconds: float = 0.0
    busy: float = 0.0  # s of a processor
    memory: list[tuple[float, float]] = field(default_factory=list)  # s of turns so far, MB


Graphs = dict[str, Turns]


def run(
    report: Report, seconds: float = JUDGED_SECONDS, picture: Path | None = None
) -> tuple[list[Row], str]:
    """Rows for each rate; `seconds` are those of each graph at the rate that is judged."""
    measured: dict[int, Graphs] = {}
    done = 0
    for rate in RATES:
        graphs = measured[rate] = {graph: Turns() for graph in GRAPHS}
        of_turn = seconds / TURNS if rate == JUDGED else SECONDS
        for _ in measure(rate, TURNS, of_turn, graphs):
            done += 1
            report(done, {})
    if picture is not None:
        _draw(picture, measured[JUDGED])
    rows = [row for rate, graphs in measured.items() for row in judge(rate, graphs)]
    return rows, _remarks(measured[JUDGED])


def measure(rate: int, turns: int, seconds: float, into: Graphs) -> Iterator[None]:
    """Fill `into`, and yield after each turn.

    Raises:
        TerrafirmaError: a process of the bench ended early; with what it said.
    """
    with tempfile.TemporaryDirectory(prefix="terrafirma-bench-") as folder:
        policy = Path(folder) / "policy.onnx"
        write_policy(policy, float(rate))
        environment = node_environment(os.environ) | own_domain(os.environ, os.getpid())
        with _nodes(Path(folder), policy, environment) as nodes:
            probe = _start(
                *("bench_probe", [str(policy), str(rate), str(turns), str(seconds), *GRAPHS]),
                *(Path(folder) / "probe.log", environment),
                stdout=subprocess.PIPE,
            )
            assert probe.stdout is not None
            busy = 0.0
            try:
                for line in probe.stdout:
                    turn = json.loads(line)
                    graph: str = turn["graph"]
                    pid = nodes[graph].pid
                    if "trips" in turn:
                        spent = processor_seconds(pid) - busy
                        _note(into[graph], turn, seconds, spent, resident_megabytes(pid))
                        yield
                    busy = processor_seconds(pid)
                if probe.wait() != 0:
                    logs = "\n".join(log.read_text()[-500:] for log in sorted(Path(folder).glob("*.log")))
                    raise TerrafirmaError(f"bench bridge: a process ended early.\n{logs}")
            finally:
                probe.kill()
                probe.wait()


def _note(into: Turns, turn: dict[str, Any], seconds: float, busy: float, megabytes: float) -> None:
    """Add what the probe said of one turn, and what its node took meanwhile."""
    into.trips.append(turn["trips"])
    into.ticks += turn["ticks"]
    into.missed += turn["missed"]
    into.seconds += seconds
    into.busy += busy
    into.memory.append((into.seconds, megabytes))


@contextmanager
def _nodes(
    folder: Path, policy: Path, environment: Mapping[str, str]
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """A node for each graph, in a namespace of its name."""
    parameters = ["-p", f"policy:={policy}", "-p", "robot_timeout:=60.0"]
    started = {
        ECHO: ("bench_echo", []),
        POLICY: ("policy_node", parameters),
        REHEARSING: ("policy_node", [*parameters, "-p", "rehearsal:=true"]),
    }
    nodes = {
        graph: _start(
            *(module, ["--ros-args", "-r", f"__ns:=/{graph}", *own]), *(folder / f"{graph}.log", environment)
        )
        for graph, (module, own) in started.items()
    }
    try:
        yield nodes
    finally:
        for process in nodes.values():
            process.send_signal(signal.SIGINT)
        for process in nodes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(
    module: str,
    arguments: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    stdout: int | None = None,
) -> subprocess.Popen[bytes]:
    with log.open("wb") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", f"robot_bridge.{module}", *arguments],
            stdout=stream if stdout is None else stdout,
            stderr=stream,
            env=environment,
        )


def judge(rate: int, graphs: Graphs) -> list[Row]:
    """What the policy nodes did against the echo; who rehearses has goals at the rate that is judged."""
    return [row for graph in (POLICY, REHEARSING) for row in _judge(rate, graph, graphs)]


def _judge(rate: int, graph: str, graphs: Graphs) -> list[Row]:
    turns, echo = graphs[graph], graphs[ECHO]
    judged, name = rate == JUDGED and graph == REHEARSING, f"{rate} Hz, {NAMES[graph]}"
    rows = []
    for share_name, share in (("median", 50.0), ("99 %", 99.0)):
        values, references = (
            [float(np.percentile(trips, share)) for trips in each.trips] for each in (turns, echo)
        )
        most = MOST if judged else None
        rows.append(at_most(f"{name}: round trip, {share_name}", values, "µs", references, most))
    missed = 100.0 * turns.missed / max(1, turns.ticks + turns.missed)
    busy, echo_busy = (100.0 * each.busy / max(each.seconds, 1e-9) for each in (turns, echo))
    if judged:
        rows.append(bounded(f"{name}: missed ticks", missed, "%", MOST_MISSED))
        rows.append(bounded(f"{name}: growth of memory", growth(turns), "MB/min", MOST_GROWTH))
    else:
        rows.append(Row(f"{name}: missed ticks", missed, "%"))
    rows.append(Row(f"{name}: of a core", busy, "%", echo_busy, busy / max(echo_busy, 1e-9)))
    return rows


def growth(turns: Turns) -> float:
    """MB a minute by which a node's memory grew in the second half, with every state behind it."""
    (first, before), (last, after) = turns.memory[(len(turns.memory) - 1) // 2], turns.memory[-1]
    return 60.0 * (after - before) / max(last - first, 1e-9)


def _draw(path: Path, graphs: Graphs) -> None:
    histograms = [
        Histogram(NAMES[graph], np.concatenate([np.asarray(trips) for trips in turns.trips]))
        for graph, turns in graphs.items()
    ]
    write_histograms(path, f"Round trip at {JUDGED} Hz", "µs", histograms)


def _remarks(graphs: Graphs) -> str:
    return "\n".join(
        f"memory of the {NAMES[graph]} after each turn at {JUDGED} Hz, MB: "
        + ", ".join(f"{megabytes:.1f}" for _, megabytes in turns.memory)
        for graph, turns in graphs.items()
    )
