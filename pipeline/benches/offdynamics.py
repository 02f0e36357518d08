"""Off-dynamics methods on a pair of environments, against RL on the target itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.benches.rows import Row
from pipeline.off_dynamics.plans import find_pair
from pipeline.off_dynamics.scores import YARDSTICK, Score, scores
from pipeline.off_dynamics.study import PARTS, RESULTS, complete
from pipeline.progress import Report

__all__ = ["PARTS", "run"]


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
    found = scores(complete([chosen], methods, seeds, steps, results, report))
    yardstick = {score.method: score.mean for score in found}.get(YARDSTICK, float("nan"))
    return [row(score, yardstick) for score in found if score.pair == chosen.name], ""


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
