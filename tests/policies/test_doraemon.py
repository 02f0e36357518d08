"""DORAEMON's update: wide where success allows it, never further at once than trust goes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.doraemon import GREATEST, Betas, Trials, divergence, update

SHAPES = st.lists(st.tuples(st.floats(1, GREATEST), st.floats(1, GREATEST)), min_size=1, max_size=3)


def betas(shapes: list[tuple[float, float]], copies: int = 1) -> Betas:
    a, b = np.array(shapes).T
    return Betas(a, b, np.repeat(np.arange(len(shapes)), copies))


def play(now: Betas, limit: float, count: int = 60, seed: int = 0) -> Trials:
    """Episodes that succeed where the first number's quantile is below `limit`."""
    rng = np.random.default_rng(seed)
    quantiles = rng.beta(now.a[now.owner], now.b[now.owner], (count, len(now.owner)))
    return Trials(quantiles, now.log_density(quantiles), (quantiles[:, 0] < limit).astype(float))


def expected_success(new: Betas, trials: Trials) -> float:
    """G, computed on its own."""
    return float(np.mean(np.exp(new.log_density(trials.quantiles) - trials.log_density) * trials.success))


def beta_density(u: float, a: float, b: float) -> float:
    from math import lgamma, log

    return lgamma(a + b) - lgamma(a) - lgamma(b) + (a - 1) * log(u) + (b - 1) * log(1 - u)


def test_densities_and_entropies_are_those_of_the_distribution() -> None:
    now = betas([(2.0, 5.0), (7.0, 1.0)], copies=2)
    u = np.array([[0.2, 0.3, 0.9, 0.8]])
    shapes = [(2.0, 5.0), (2.0, 5.0), (7.0, 1.0), (7.0, 1.0)]
    assert now.log_density(u)[0] == pytest.approx(
        sum(beta_density(x, *shape) for x, shape in zip(u[0], shapes, strict=True))
    )
    rng = np.random.default_rng(0)
    drawn = rng.beta(now.a[now.owner], now.b[now.owner], (40_000, 4))
    assert now.entropy == pytest.approx(-now.log_density(drawn).mean() / 4, abs=0.01)
    whole = betas([(1.0, 1.0)])
    assert whole.entropy == pytest.approx(0.0)
    assert whole.width == pytest.approx(1.0)
    assert now.width == pytest.approx(np.mean(drawn.std(axis=0)) * np.sqrt(12), rel=0.02)


@settings(max_examples=10, deadline=None)
@given(
    SHAPES, st.floats(0, 1), st.floats(0.1, 0.9), st.floats(0.01, 1.0), st.integers(1, 3), st.integers(0, 9)
)
def test_success_that_is_enough_is_never_sold_for_entropy(
    shapes: list[tuple[float, float]], limit: float, least: float, trust: float, copies: int, seed: int
) -> None:
    now = betas(shapes, copies)
    trials = play(now, limit, seed=seed)
    new = update(now, trials, least, trust)
    before, after = trials.success.mean(), expected_success(new, trials)
    assert divergence(new, now) <= trust * (1 + 1e-9)
    assert (new.a >= 1.0 - 1e-12).all()
    assert (new.b >= 1.0 - 1e-12).all()
    assert max(new.a.max(), new.b.max()) <= GREATEST * (1 + 1e-9)
    if before >= least:
        assert after >= least - 1e-9
        assert new.entropy >= now.entropy - 1e-9
    else:
        assert after >= before - 1e-9


def test_success_everywhere_uses_the_whole_trust_and_ends_at_the_whole_domain() -> None:
    now = betas([(9.0, 193.0), (101.0, 101.0)])
    for _ in range(14):
        new = update(now, play(now, 2.0), 0.5, 0.4)
        assert new.entropy >= now.entropy
        assert divergence(new, now) == pytest.approx(0.4, rel=0.01) or new.entropy > -0.2
        now = new
    assert now.a == pytest.approx([1.0, 1.0], abs=0.3)
    assert now.b == pytest.approx([1.0, 1.0], abs=0.3)
    assert now.width > 0.95


def test_an_update_gains_nearly_all_that_its_trust_allows() -> None:
    """Against the best of many random ones."""
    now = betas([(9.0, 40.0)])
    new = update(now, play(now, 2.0), 0.1, 0.2)
    rng = np.random.default_rng(0)
    others = (
        betas([tuple(np.maximum(1.0, np.array([9.0, 40.0]) * rng.uniform(0.3, 1.2, 2)))]) for _ in range(4000)
    )
    best = max(other.entropy for other in others if divergence(other, now) <= 0.2)
    assert new.entropy > best - 0.01


def test_failure_narrows_towards_success() -> None:
    now = betas([(1.0, 1.0)])
    for seed in range(6):
        now = update(now, play(now, 0.4, 200, seed), 0.8, 0.2)
    check = play(now, 0.4, 4000)
    assert 0.7 < check.success.mean() < 0.9
    assert now.entropy > -1.0  # no further than it has to


def test_a_setting_that_does_not_matter_is_widened_beside_one_that_does() -> None:
    now = betas([(5.0, 45.0), (101.0, 101.0)])
    for seed in range(16):
        now = update(now, play(now, 0.3, 200, seed), 0.7, 0.8)
    assert play(now, 0.3, 4000).success.mean() > 0.6
    assert betas([(now.a[1], now.b[1])]).width > 0.85
    assert betas([(now.a[0], now.b[0])]).width < 0.9


def test_without_any_success_nothing_moves() -> None:
    now = betas([(5.0, 45.0)])
    trials = play(now, -1.0)
    new = update(now, trials, 0.5, 0.3)
    assert (new.a, new.b) == (pytest.approx(now.a), pytest.approx(now.b))
