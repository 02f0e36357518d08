"""Distributions keep to their support, their moments and their generator."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.domains.distributions import (
    DISTRIBUTIONS,
    Curriculum,
    Distribution,
    Fixed,
    LogUniform,
    Normal,
    Uniform,
)

finite = st.floats(-100.0, 100.0)
width = st.floats(0.0, 50.0)
seeds = st.integers(0, 2**32 - 1)
distributions = st.one_of(
    st.builds(Fixed, finite),
    st.builds(lambda low, w: Uniform(low, low + w), finite, width),
    st.builds(lambda low, w: LogUniform(low, low * (1 + w)), st.floats(0.01, 100.0), width),
    st.builds(Normal, finite, width),
    st.builds(Curriculum, finite, finite),
)


@given(distributions, seeds)
def test_draws_stay_within_the_support(distribution: Distribution, seed: int) -> None:
    rng = np.random.default_rng(seed)
    low, high = distribution.support()
    slack = 1e-9 * max(1.0, abs(low), abs(high))
    assert all(low - slack <= distribution.draw(rng) <= high + slack for _ in range(20))


@given(distributions, seeds)
def test_a_draw_is_a_function_of_the_generator(distribution: Distribution, seed: int) -> None:
    a, b = np.random.default_rng(seed), np.random.default_rng(seed)
    assert [distribution.draw(a) for _ in range(5)] == [distribution.draw(b) for _ in range(5)]
    assert a.bit_generator.state == b.bit_generator.state


def samples(distribution: Distribution) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.array([distribution.draw(rng) for _ in range(20_000)])


def test_moments_of_uniform() -> None:
    x = samples(Uniform(-1.0, 3.0))
    assert x.mean() == pytest.approx(1.0, abs=0.03)
    assert x.std() == pytest.approx(4 / math.sqrt(12), rel=0.02)


def test_log_uniform_is_uniform_in_the_logarithm() -> None:
    x = np.log(samples(LogUniform(0.1, 10.0)))
    assert x.mean() == pytest.approx(0.0, abs=0.04)
    assert x.std() == pytest.approx(2 * math.log(10) / math.sqrt(12), rel=0.02)


def test_normal_is_truncated_at_two_deviations() -> None:
    x = samples(Normal(5.0, 2.0))
    assert 1.0 <= x.min() < 1.1
    assert 8.9 < x.max() <= 9.0
    assert x.mean() == pytest.approx(5.0, abs=0.05)
    assert x.std() == pytest.approx(2.0 * 0.8796, rel=0.02)  # of a normal truncated at ± 2


@pytest.mark.parametrize(("easy", "hard", "half"), [(0.0, 4.0, (0.0, 2.0)), (0.8, 0.2, (0.5, 0.8))])
def test_a_curriculum_goes_as_far_as_its_level(easy: float, hard: float, half: tuple[float, float]) -> None:
    curriculum = Curriculum(easy, hard)
    assert curriculum.at(0.0).support() == (easy, easy)
    assert curriculum.at(0.5).support() == pytest.approx(half)
    assert curriculum.at(1.0).support() == curriculum.support() == (min(easy, hard), max(easy, hard))
    x = samples(curriculum)
    assert x.mean() == pytest.approx((easy + hard) / 2, abs=0.03)


def test_every_distribution_is_tested_here() -> None:
    assert set(DISTRIBUTIONS.values()) == {Uniform, LogUniform, Normal, Curriculum}
