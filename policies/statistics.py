"""Intervals for the figures that people compare."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Z95 = 1.959963984540054
# 97.5 % quantiles of Student's t with 1, 2, ... degrees of freedom
T95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145),
    *(
        2.131,
        2.120,
        2.110,
        2.101,
        2.093,
        2.086,
        2.080,
        2.074,
        2.069,
        2.064,
        2.060,
        2.056,
        2.052,
        2.048,
        2.045,
    ),
)
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


def _student_quantile(freedom: int) -> float:
    """97.5 % of Student's t; beyond the table, Cornish and Fisher's first terms."""
    if freedom <= len(T95):
        return T95[freedom - 1]
    first, second = (Z95**3 + Z95) / 4.0, (5.0 * Z95**5 + 16.0 * Z95**3 + 3.0 * Z95) / 96.0
    return Z95 + first / freedom + second / freedom**2


def student_interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the mean of a few values, such as one a seed; of fewer than two it has no bounds."""
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return -math.inf, math.inf
    half = _student_quantile(n - 1) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return mean - half, mean + half
