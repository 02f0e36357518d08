"""What a bench reports, and how it times."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """One measurement, and what it is held against.

    `ratio` is value over reference; NaN where there is no reference. `goal` is the least ratio (or,
    without a reference, a bound on the value) that we are content with.
    """

    metric: str
    value: float
    unit: str
    reference: float = float("nan")
    ratio: float = float("nan")
    goal: str = ""
    met: bool = True


def compare(metric: str, value: float, unit: str, reference: float, goal: float) -> Row:
    """A row whose ratio is to reach `goal`."""
    ratio = value / reference
    return Row(metric, value, unit, reference, ratio, f"≥ {goal:g}", ratio >= goal)


def bounded(metric: str, value: float, unit: str, most: float) -> Row:
    """A row whose value is to stay within `most`."""
    return Row(metric, value, unit, goal=f"≤ {most:g} {unit}", met=value <= most)


def alternate(candidates: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Median of what each candidate measures, in turns: a noisy machine is noisy for all of them."""
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, measure in candidates.items():
            samples[name].append(measure())
    return {name: float(np.median(values)) for name, values in samples.items()}


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
