"""Off-dynamics methods on pairs of environments, against RL on the target itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.benches.rows import Row
from pipeline.off_dynamics.plans import MATRIX, find_pair
from pipeline.off_dynamics.scores import YARDSTICK, Score, scores
from pipeline.off_dynamics.study import PARTS, RESULTS, complete
from pipeline.progress import Report
from sim.shifts.pairs import pair_by_name

__all__ = ["PARTS", "run"]

RIVALS = (YARDSTICK, "source", "mix", "darc", "darc-mix", "importance", "par", "h2o", "vgdf")


def run(
    report: Report,
    pair: str | None = None,
    source_env: str | None = None,
    target_env: str | None = None,
    methods: tuple[str, ...] | None = None,
    seeds: tuple[int, ...] | None = None,
    steps: int | None = None,
    results: Path = RESULTS,
) -> tuple[list[Row], str]:
    """Learn what has not been learned yet, and compare; finished runs are in `results`.

    Without a pair: all rivals on all pairs of the matrix, two seeds each.
    """
    if pair is None and source_env is None and target_env is None:
        chosen = [pair_by_name(name) for name in MATRIX]
        methods, seeds = methods or RIVALS, seeds or (0, 1)
    else:
        chosen = [find_pair(pair, source_env, target_env)]
        methods, seeds = methods or (YARDSTICK, "source", "darc"), seeds or (0, 1, 2)
    found = scores(complete(chosen, methods, seeds, steps, results, report))
    yardsticks = {score.pair: score.mean for score in found if score.method == YARDSTICK}
    names = {each.name for each in chosen}
    return [row(s, yardsticks.get(s.pair, float("nan"))) for s in found if s.pair in names], ""


def row(score: Score, yardstick: float, goal: float | None = None, most: float | None = None) -> Row:
    """A score as a bench's row, whose ratio is the share of the way from random to the yardstick.

    Args:
        goal: least share.
        most: greatest share.
    """
    plain = Row(f"{score.pair}, {score.title}", score.mean, "return", yardstick, score.share)
    if goal is not None:
        return replace(plain, goal=f"≥ {goal:g}", met=bool(score.share >= goal))
    if most is not None:
        return replace(plain, goal=f"≤ {most:g}", met=bool(score.share <= most))
    return plain
