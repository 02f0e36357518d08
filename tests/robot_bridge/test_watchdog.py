"""A robot whose controller has a time-out stands when its policy falls silent."""

from __future__ import annotations

import numpy as np
import pytest

from robot_bridge.watchdog import Watchdog

SAFE, LAST = np.array([0.0, 1.0]), np.array([1.0, 1.0])


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


def test_it_is_quiet_while_set_points_come_and_before_the_first() -> None:
    watchdog = Watchdog(0.1, SAFE, 0.2)
    assert watchdog.set_point(ns(5.0)) is None
    for k in range(100):
        watchdog.feed(ns(0.09 * k), LAST)
        assert watchdog.set_point(ns(0.09 * (k + 1))) is None
    assert watchdog.barks == 0


def test_it_goes_to_the_safe_pose_and_obeys_again() -> None:
    watchdog = Watchdog(0.1, SAFE, 0.2)
    for start in (0.0, 10.0):
        watchdog.feed(ns(start), LAST)
        way = [watchdog.set_point(ns(start + late)) for late in (0.1, 0.2, 0.3, 9.0)]
        assert [w[0] for w in way if w is not None] == pytest.approx([1.0, 0.5, 0.0, 0.0])
        watchdog.feed(ns(start + 9.5), LAST)
        assert watchdog.set_point(ns(start + 9.5)) is None
    assert watchdog.barks == 2


def test_an_arm_stays_where_it_was_told_to_be() -> None:
    watchdog = Watchdog(0.1, None, 0.2)
    watchdog.feed(0, LAST)
    assert watchdog.set_point(ns(9.0)) is None
