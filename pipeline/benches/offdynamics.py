"""Off-dynamics methods against RL on the target itself, on pairs of environments from the literature."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.benches.rows import Row
from pipeline.off_dynamics.plans import Plan, find_pair, plan
from pipeline.off_dynamics.play import play
from pipeline.off_dynamics.results import Run, append_runs, read_runs
from pipeline.progress import Report, console

YARDSTICK = "target"
PARTS = 100  # per cent of all runs
RESULTS = Path("benchmarks/results/off-dynamics.jsonl")
RUNS = Path("runs/off-dynamics")


def run(
    report: Report,
    pair: str | None = None,
    source_env: str | None = None,
    target_env: str | None = None,
    methods: tuple[str, ...] = (YARDSTICK, "source", "darc"),
    seeds: tuple[int, ...] = (0, 1, 2),
    steps: int | None = None,
    results: Path = RESULTS,
) -> tuple[list[Row], str]:
    """Learn what has not been learned yet, and compare; finished runs are in `results`."""
    chosen = find_pair(pair, source_env, target_env)
    plans = [plan(chosen, method, seeds, steps) for method in methods]
    for i, each in enumerate(plans):
        console.print(f"[{i + 1}/{len(plans)}] {chosen.name}: {each.learner.title}, seeds {seeds}")
        _complete(each, results, _share(report, i, len(plans), each.config.steps))
    known = read_runs(results)
    finals = {each.method: _finals(each, known) for each in plans}
    yardstick = finals.get(YARDSTICK)
    return [_row(each, finals[each.method], yardstick) for each in plans], ""


def _share(report: Report, i: int, runs: int, steps: int) -> Report:
    """Of the run number `i`: its steps as per cent of all."""
    return lambda done, metrics: report(round(PARTS * (i + done / steps) / runs), metrics)


def _complete(wanted: Plan, results: Path, report: Report) -> None:
    """Play the seeds that no row tells of."""
    known = {run.seed for run in read_runs(results) if _is_of(run, wanted)}
    missing = tuple(seed for seed in wanted.seeds if seed not in known)
    if missing:
        append_runs(results, play(Plan(wanted.pair, wanted.method, missing, wanted.config), RUNS, report))


def _is_of(run: Run, wanted: Plan) -> bool:
    return (run.pair, run.method, run.digest) == (wanted.pair.name, wanted.method, wanted.digest)


def _finals(wanted: Plan, known: Sequence[Run]) -> list[float]:
    return [run.final for run in known if _is_of(run, wanted) and run.seed in wanted.seeds]


def _row(each: Plan, finals: Sequence[float], yardstick: Sequence[float] | None) -> Row:
    value = float(np.mean(finals))
    reference = float(np.mean(yardstick)) if yardstick else math.nan
    return Row(f"{each.pair.name}, {each.learner.title}", value, "return", reference, value / reference)
