"""Intervals for the figures that people compare."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Z95 = 1.959963984540054
# Student's t, by number of values
T95 = {
    2: 12.706,
    3: 4.303,
    4: 3.182,
    5: 2.776,
    6: 2.571,
    7: 2.447,
    8: 2.365,
}  # Student's t, by number of values
RESAMPLES = 2000


def bootstrap_interval(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """95 % percentile-bootstrap interval of the mean (Efron 1979)."""
    data = np.asarray(values, dtype=float)
    rng = np.random.default_rng(seed)
    means = data[rng.integers(0, len(data), (RESAMPLES, len(data)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % score interval of a proportion (Wilson 1927); sound near 0 and 1, unlike ±1.96 sigma."""
    p, z2 = successes / trials, Z95**2 / trials
    center = (p + z2 / 2) / (1 + z2)
    half = Z95 / (1 + z2) * math.sqrt(p * (1 - p) / trials + z2 / (4 * trials))
    # rounding would leave the ends just beyond a rate of 0 or 1
    return (
        max(0.0, center - half) if successes else 0.0,
        min(1.0, center + half) if successes < trials else 1.0,
    )


def student_interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the mean of a few values, such as one a seed; of fewer than two it has no bounds.

    Raises:
        KeyError: more values than there are quantiles of; `bootstrap_interval` serves those.
    """
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return -math.inf, math.inf
    half = T95[n] * float(np.std(values, ddof=1)) / math.sqrt(n)
    return mean - half, mean + half
