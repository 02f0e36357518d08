"""Late readings are told from prompt ones, whatever the clocks say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot_bridge.lateness import DRIFT, Lateness


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


@given(
    st.floats(-1e6, 1e6),
    st.floats(-0.5 * DRIFT, 0.5 * DRIFT),
    st.lists(st.floats(0.0, 0.05), min_size=1, max_size=50),
)
def test_no_reading_is_later_than_its_delay(ahead: float, drift: float, delays: list[float]) -> None:
    """Clocks may differ by anything, and drift."""
    lateness = Lateness()
    for k, delay in enumerate(delays):
        sent = 0.1 * k
        lateness.note(ns(sent * (1.0 + drift) + ahead), sent + delay)
        assert -1e-6 <= lateness.seconds <= max(delays) + 1e-4 * k + 1e-6


def test_late_for_good_stays_late() -> None:
    lateness = Lateness()
    for k in range(1000):
        lateness.note(ns(0.01 * k), 0.01 * k + (0.002 if k < 500 else 0.3))
    assert lateness.seconds == pytest.approx(0.298, abs=0.01)


def test_the_same_reading_again_is_no_news() -> None:
    lateness = Lateness()
    lateness.note(0, 0.0)
    lateness.note(0, 9.0)
    assert lateness.seconds == 0.0


def test_stamps_that_jump_back_are_late_and_those_that_jump_ahead_are_the_measure() -> None:
    lateness = Lateness()
    lateness.note(ns(10.0), 10.0)
    lateness.note(ns(8.0), 10.1)
    assert lateness.seconds == pytest.approx(2.1, abs=0.01)
    lateness.note(ns(15.0), 10.2)
    assert lateness.seconds == 0.0
    lateness.note(ns(10.3), 10.3)
    assert lateness.seconds == pytest.approx(4.8, abs=0.01)
