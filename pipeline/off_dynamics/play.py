"""Do a plan, from where it was interrupted."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from adaptation.stacked.study import Point, Study
from pipeline.off_dynamics.plans import Plan
from pipeline.off_dynamics.results import Run
from pipeline.progress import Report
from pipeline.run_directory import source_commit

STATE = "study.pt"


def play(plan: Plan, folder: Path, report: Report) -> list[Run]:
    """Learn and evaluate to the plan's last step; `folder` keeps the state of after each evaluation.

    A run that is taken up again begins new episodes, as there is no other way to go on with any environment.
    """
    torch.set_num_threads(1)
    config, method = plan.config, plan.learner
    source = plan.pair.target if method.learns_in_target else plan.pair.source
    study = Study(source, plan.pair.target, plan.seeds, config, method.make_gap)
    path = folder / plan.folder / STATE
    points, seconds = _restore(path, study)
    try:
        started = time.monotonic() - seconds
        while study.steps < config.steps:
            study.run(min(config.steps, study.steps + config.evaluate_every))
            points.append(study.evaluate())
            _keep(
                path,
                {
                    "study": study.state(),
                    "points": [asdict(p) for p in points],
                    "seconds": time.monotonic() - started,
                },
            )
            report(
                study.steps, {"return": sum(points[-1].returns) / len(plan.seeds)} | points[-1].diagnostics
            )
        seconds = time.monotonic() - started
    finally:
        study.close()
    return [_run(plan, i, points, seconds) for i in range(len(plan.seeds))]


def _restore(path: Path, study: Study) -> tuple[list[Point], float]:
    if not path.is_file():
        return [], 0.0
    kept = torch.load(path, weights_only=True)
    study.restore(kept["study"])
    return [Point(**point) for point in kept["points"]], float(kept["seconds"])


def _keep(path: Path, state: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)


def _run(plan: Plan, i: int, points: list[Point], seconds: float) -> Run:
    names = sorted({name for point in points for name in point.diagnostics})
    last = points[-1]
    spent = last.steps if plan.learner.learns_in_target else last.target_steps
    return Run(
        pair=plan.pair.name,
        method=plan.method,
        seed=plan.seeds[i],
        digest=plan.digest,
        steps=last.steps,
        target_steps=spent,
        at=[point.steps for point in points],
        returns=[round(point.returns[i], 3) for point in points],
        diagnostics={name: [point.diagnostics.get(name, 0.0) for point in points] for name in names},
        seconds=round(seconds, 1),
        together=len(plan.seeds),
        commit=source_commit(),
    )
