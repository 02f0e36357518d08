"""`terrafirma evaluate`: what was asked for, as a plan, its measurements, and files and tables of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contract.errors import DomainError
from pipeline.evaluation.figures import MATRIX, domain_label, file_name, policy_label, show_evaluation
from pipeline.evaluation.matrix_rows import MatrixPlan, draw_matrix, matrix_rows, show_matrix
from pipeline.evaluation.measure import measure
from pipeline.evaluation.options import Options
from pipeline.evaluation.store import Store
from pipeline.evaluation.sweep_rows import SweepPlan, draw_sweep, show_sweep, sweep_rows
from pipeline.evaluation.training_domain import run_of, training_domain
from pipeline.places import policy_file
from pipeline.progress import console, counter, progress
from policies.evaluation import evaluate
from policies.runtime import Policy
from policies.sweep import parse_sweep
from sim.domains.reader import load_domain


def evaluate_once(policy: str, domain: str, options: Options) -> None:
    """One policy in one domain."""
    loaded, where = Policy(policy_file(policy)), load_domain(domain)
    with progress(f"evaluate in {domain_label(where)}", options.episodes) as report:
        count = counter(lambda done: report(done, {}))
        result = evaluate(loaded, where, options.episodes, options.seed, count)
    if options.as_json:
        sys.stdout.write(json.dumps(asdict(result)) + "\n")
    else:
        show_evaluation(result)


def evaluate_sweeps(
    policy: str, domain: str, sweeps: Sequence[str], trained_in: str, options: Options
) -> None:
    """Curves over each of the parameters."""
    loaded, where = Policy(policy_file(policy)), load_domain(domain)
    parsed = [parse_sweep(text) for text in sweeps]
    seen = load_domain(trained_in) if trained_in else training_domain(loaded)
    if seen is None:
        console.print("what this policy was trained in is not known; --trained-in DOMAIN says it.")
    plans = [SweepPlan(loaded, where, sweep, options.episodes, options.seed, seen) for sweep in parsed]
    for i, plan in enumerate(plans):
        plan.check()
        if plan.name in (other.name for other in plans[:i]):
            raise DomainError(f"{plan.sweep.where}: {plan.sweep.name} is swept twice.")
    folder = options.out or _place([loaded], policy_label(loaded.path))
    store, rows = Store(folder), []
    for plan in plans:
        title = f"sweep {plan.sweep.name}"
        results = measure(title, plan.cells(), store, options.workers, options.fresh)
        rows += (own := sweep_rows(plan, results))
        draw_sweep(plan, results, _write(folder / f"{plan.name}.jsonl", own))
        if not options.as_json:
            show_sweep(plan, results)
    if options.as_json:
        sys.stdout.write(json.dumps(rows) + "\n")


def evaluate_matrix(policies: Sequence[str], domains: Sequence[str], options: Options) -> None:
    """Every policy in every domain."""
    loaded = tuple(Policy(policy_file(name)) for name in policies)
    where = tuple(load_domain(name) for name in domains)
    seen = tuple(training_domain(policy) for policy in loaded)
    plan = MatrixPlan(loaded, where, options.episodes, options.seed, seen)
    plan.check()
    identity = loaded[0].contract.identity
    folder = options.out or _place(loaded, file_name(Path(identity.robot).stem, identity.task))
    title = f"matrix of {len(loaded)} x {len(where)}"
    results = measure(title, plan.cells(), Store(folder), options.workers, options.fresh)
    rows = matrix_rows(plan, results)
    draw_matrix(plan, results, _write(folder / f"{MATRIX}.jsonl", rows))
    if options.as_json:
        sys.stdout.write(json.dumps(rows) + "\n")
    else:
        show_matrix(plan, results)


def _place(policies: Sequence[Policy], name: str) -> Path:
    """RUN/evaluation where all policies are of one run, whose report shows it; else runs/evaluate-<name>."""
    runs = {run_of(policy.path) for policy in policies}
    run = runs.pop() if len(runs) == 1 else None
    return run / "evaluation" if run else Path("runs") / file_name("evaluate", name)


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows as JSON lines, whole or not at all; returns the picture's path beside them."""
    picture = path.with_suffix(".png")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    temporary.replace(path)
    console.print(f"rows     {path}\npicture  {picture}", highlight=False, soft_wrap=True)
    return picture
