"""Intervals have the values that the literature gives, and cover what they should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.statistics import bootstrap_interval, student_interval, wilson_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.27753),
        (8, 10, 0.49016, 0.94331),
        (10, 10, 0.72247, 1.0),
        (50, 100, 0.40383, 0.59617),
        (81, 263, 0.25527, 0.36621),  # Newcombe 1998, table I
        (15, 148, 0.06238, 0.16052),
        (0, 20, 0.0, 0.16113),
        (1, 29, 0.00611, 0.17176),
    ],
)
def test_wilson_s_published_values(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=2e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_s_interval_holds_the_rate_and_stays_within_0_and_1(case: tuple[int, int]) -> None:
    successes, trials = case
    low, high = wilson_interval(successes, trials)
    assert 0.0 <= low <= successes / trials <= high <= 1.0
    assert low < high


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.9])
def test_wilson_covers_the_true_rate_95_times_in_100(rate: float) -> None:
    rng = np.random.default_rng(0)
    counts = rng.binomial(60, rate, 2_000)
    intervals = {count: wilson_interval(int(count), 60) for count in np.unique(counts)}
    covered = np.mean([intervals[c][0] <= rate <= intervals[c][1] for c in counts])
    assert 0.92 < covered < 0.985


def test_the_bootstrap_covers_the_true_mean_about_95_times_in_100() -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        low, high = bootstrap_interval(rng.normal(3.0, 2.0, 50).tolist())
        covered.append(low <= 3.0 <= high)
    assert 0.88 < np.mean(covered) < 0.99


def test_the_bootstrap_has_the_width_of_the_standard_error() -> None:
    values = np.random.default_rng(1).normal(0.0, 1.0, 400)
    low, high = bootstrap_interval(values.tolist())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.08)
    assert bootstrap_interval(values.tolist()) == (low, high)
    assert bootstrap_interval([2.5] * 10) == (2.5, 2.5)


SAMPLES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@settings(max_examples=40)
@given(SAMPLES)
def test_the_bootstrap_stays_within_the_data(values: list[float]) -> None:
    low, high = bootstrap_interval(values)
    slack = 1e-9 * max(map(abs, values))
    assert min(values) - slack <= low <= high <= max(values) + slack


@settings(max_examples=40)
@given(SAMPLES, st.floats(-1e3, 1e3), st.floats(0.1, 10.0))
def test_the_bootstrap_follows_shift_and_scale(values: list[float], shift: float, scale: float) -> None:
    low, high = bootstrap_interval(values)
    moved = bootstrap_interval([scale * value + shift for value in values])
    size = scale * max(map(abs, values)) + abs(shift)
    assert moved == pytest.approx((scale * low + shift, scale * high + shift), abs=1e-9 * (size + 1.0))


@given(st.integers(1, 300), st.data())
def test_wilson_s_interval_mirrors_and_narrows(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson_interval(successes, trials)
    assert wilson_interval(trials - successes, trials) == pytest.approx((1 - high, 1 - low), abs=1e-12)
    narrower = wilson_interval(4 * successes, 4 * trials)
    assert narrower[1] - narrower[0] < high - low


def test_student_s_interval_of_a_few_values() -> None:
    """Three values 1, 2, 3: 2 ± 4.303 / sqrt(3)."""
    assert student_interval([1.0, 2.0, 3.0]) == pytest.approx((-0.4843, 4.4843), abs=1e-3)
    assert student_interval([7.0]) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("n", "quantile"),
    [(2, 12.706), (14, 2.160), (15, 2.145), (30, 2.045), (31, 2.042), (41, 2.021), (121, 1.980)],
)
def test_student_s_published_quantiles(n: int, quantile: float) -> None:
    values = [0.0] * (n - 1) + [1.0]
    low, high = student_interval(values)
    assert (high - low) / 2 * np.sqrt(n) / np.std(values, ddof=1) == pytest.approx(quantile, abs=1e-3)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 20, 40])
def test_student_s_interval_covers_the_true_mean_about_95_times_in_100(n: int) -> None:
    rng = np.random.default_rng(0)
    held = [low <= 0.0 <= high for low, high in (student_interval(rng.normal(size=n)) for _ in range(2_000))]
    assert 0.935 < np.mean(held) < 0.965
