"""What a bench reports, and how it times."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Row:
    """One measurement, and what it is held against.

    `ratio` is of value to reference; NaN where there is no reference. `goal` is the least ratio (or,
    without a reference, a bound on the value) that we are content with.
    """

    metric: str
    value: float
    unit: str
    reference: float = float("nan")
    ratio: float = float("nan")
    goal: str = ""
    met: bool = True


def compare(
    metric: str, values: Sequence[float], unit: str, references: Sequence[float], goal: float | None = None
) -> Row:
    """A row whose ratio is to reach `goal`, if there is one: the median of the rounds' own ratios.

    What slows a shared machine down for a while slows both measurements of a round.
    """
    ratio = float(np.median(np.asarray(values) / references))
    value, reference = float(np.median(values)), float(np.median(references))
    if goal is None:
        return Row(metric, value, unit, reference, ratio)
    return Row(metric, value, unit, reference, ratio, f"≥ {goal:g}", ratio >= goal)


def at_most(
    metric: str, values: Sequence[float], unit: str, references: Sequence[float], most: float | None
) -> Row:
    """A row whose ratio, the median of the rounds' own, is to stay within `most` if that is given."""
    row = compare(metric, values, unit, references)
    return row if most is None else replace(row, goal=f"≤ {most:g}", met=row.ratio <= most)


def bounded(metric: str, value: float, unit: str, most: float) -> Row:
    """A row whose value is to stay within `most`."""
    return Row(metric, value, unit, goal=f"≤ {most:g} {unit}", met=value <= most)


def alternate(candidates: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each candidate measures in each round; they take turns at being first."""
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    order = list(candidates.items())
    for _ in range(rounds):
        for name, measure in order:
            samples[name].append(measure())
        order.reverse()
    return samples


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
