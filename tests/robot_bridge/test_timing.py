"""A histogram of durations says at most twice what is so, and forgets none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot_bridge.timing import LONGEST, SHORTEST, TimingHistogram

durations = st.lists(st.integers(-1000, 10**9), min_size=1, max_size=200)


@given(durations, st.sampled_from([0.01, 0.5, 0.99, 1.0]))
def test_so_many_lie_below(nanoseconds: list[int], share: float) -> None:
    histogram = TimingHistogram()
    for each in nanoseconds:
        histogram.add(each)
    below = histogram.below(share)
    assert below is not None
    microseconds = np.maximum(nanoseconds, 0) // 1000
    assert (microseconds < below).mean() >= share
    true = np.sort(microseconds)[int(np.ceil(share * len(microseconds))) - 1]
    assert below <= max(2 * true, 1 << SHORTEST) or true >= 1 << LONGEST
    assert sum(histogram.counts) == len(nanoseconds)
    assert histogram.most == microseconds.max()


def test_it_can_be_read() -> None:
    histogram = TimingHistogram()
    assert str(histogram) == "none"
    for microseconds in (10, 40, 50, 100, 90_000):
        histogram.add(microseconds * 1000 + 999)
    assert str(histogram) == "half <64, 99 % <90001, most 90000 (<32: 1, <64: 2, <128: 1, longer: 1)"


@pytest.mark.parametrize("exponent", range(SHORTEST, LONGEST + 1))
def test_a_bin_ends_where_it_says(exponent: int) -> None:
    below, above = TimingHistogram(), TimingHistogram()
    below.add((1 << exponent) * 1000 - 1)
    above.add((1 << exponent) * 1000)
    assert below.below(1.0) == 1 << exponent
    assert above.below(1.0) != 1 << exponent
