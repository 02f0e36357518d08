"""Play what has not been played, and gather what is known of some plans."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.off_dynamics.plans import Plan, plan
from pipeline.off_dynamics.play import play
from pipeline.off_dynamics.random_policy import RANDOM, random_run
from pipeline.off_dynamics.results import Run, append_runs, read_runs
from pipeline.progress import Report, console
from sim.shifts.pairs import Pair

RESULTS = Path("benchmarks/results/off-dynamics.jsonl")
STATES = Path("runs/off-dynamics")
PARTS = 100  # per cent of all runs


def complete(
    pairs: Sequence[Pair],
    methods: Sequence[str],
    seeds: tuple[int, ...],
    steps: int | None,
    results: Path,
    report: Report,
) -> list[Run]:
    """The runs of every method and seed on every pair, and of a random policy on each.

    Those that `results` has are not played again.
    """
    plans = [plan(pair, method, seeds, steps) for pair in pairs for method in methods]
    for pair in pairs:
        if not any((run.pair, run.method) == (pair.name, RANDOM) for run in read_runs(results)):
            append_runs(results, [random_run(pair, seed=0)])
    for i, each in enumerate(plans):
        console.print(f"[{i + 1}/{len(plans)}] {each.pair.name}: {each.learner.title}, seeds {seeds}")
        _play_missing(each, results, _share(report, i, len(plans), each.config.steps))
    return [run for run in read_runs(results) if run.method == RANDOM or any(is_of(run, p) for p in plans)]


def is_of(run: Run, wanted: Plan) -> bool:
    """Whether the plan asks for this run."""
    same = (run.pair, run.method, run.digest) == (wanted.pair.name, wanted.method, wanted.digest)
    return same and run.seed in wanted.seeds


def _play_missing(wanted: Plan, results: Path, report: Report) -> None:
    known = {run.seed for run in read_runs(results) if is_of(run, wanted)}
    missing = tuple(seed for seed in wanted.seeds if seed not in known)
    if missing:
        chosen = replace(wanted, seeds=missing)
        append_runs(results, play(chosen, STATES, report))
        shutil.rmtree(STATES / chosen.folder)  # which holds both replay memories


def _share(report: Report, i: int, runs: int, steps: int) -> Report:
    """Of the run number `i`: its steps as per cent of all."""
    return lambda done, metrics: report(round(PARTS * (i + done / steps) / runs), metrics)
