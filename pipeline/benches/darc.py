"""DARC on the tasks of its paper: does it reach RL on the target, and does each of its parts matter?"""

from __future__ import annotations

from pathlib import Path

from pipeline.benches.offdynamics import row
from pipeline.benches.rows import Row
from pipeline.off_dynamics.scores import YARDSTICK, scores
from pipeline.off_dynamics.study import PARTS, RESULTS, complete
from pipeline.progress import Report
from sim.shifts.pairs import pair_by_name

__all__ = ["PARTS", "run"]

PAIRS = ("broken-reacher", "broken-half-cheetah")
METHODS = (YARDSTICK, "source", "darc", "darc-no-state-action", "darc-no-noise")
GOAL = 0.9  # of RL on the target
CLEARLY_LOWER, MARGIN = 0.8, 0.1


def run(
    report: Report,
    seeds: tuple[int, ...] = (0, 1, 2),
    steps: int | None = None,
    results: Path = RESULTS,
) -> tuple[list[Row], str]:
    """Learn what has not been learned yet, and hold DARC against its claims."""
    found = scores(complete([pair_by_name(name) for name in PAIRS], METHODS, seeds, steps, results, report))
    rows = []
    for name in PAIRS:
        own = {score.method: score for score in found if score.pair == name}
        yardstick, darc = own[YARDSTICK].mean, own["darc"].share
        goals: dict[str, dict[str, float]] = {
            "darc": {"goal": GOAL},
            "source": {"most": CLEARLY_LOWER},
            "darc-no-state-action": {"most": darc - MARGIN},
            "darc-no-noise": {"most": darc - MARGIN},
        }
        rows += [row(own[method], yardstick, **goals.get(method, {})) for method in METHODS]
    return rows, ""
