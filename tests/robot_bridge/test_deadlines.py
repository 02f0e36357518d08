"""Deadlines are absolute, and a dead clock does not stop the watch."""

from __future__ import annotations

import math
import time
from random import Random

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from robot_bridge.deadlines import CLOCK_PATIENCE, Alignment, Deadlines, TimeBase

PERIOD = 50_000_000


@given(st.lists(st.integers(0, 3 * PERIOD), min_size=1, max_size=50))
def test_numbers_follow_the_clock_and_gaps_are_missed_deadlines(pauses: list[int]) -> None:
    deadlines = Deadlines(PERIOD * 1e-9)
    now, taken = 10**12, []
    assert deadlines.remaining(now) <= 0
    for pause in pauses:
        if deadlines.remaining(now) <= 0:
            taken.append(deadlines.take(now))
            assert taken[-1] == (now - 10**12) // PERIOD
        now += pause
    assert taken == sorted(set(taken))
    assert deadlines.missed == taken[-1] + 1 - len(taken)


def test_a_late_tick_does_not_delay_the_next() -> None:
    deadlines = Deadlines(0.05)
    deadlines.remaining(0)
    deadlines.take(0)
    deadlines.take(80_000_000)
    assert abs(deadlines.remaining(80_000_000) - 0.02) < 1e-12


def test_a_clock_turned_back_is_followed() -> None:
    deadlines = Deadlines(0.05)
    deadlines.remaining(10**12)
    assert deadlines.take(10**12) == 0
    assert deadlines.remaining(10**9) <= 0
    assert deadlines.take(10**9) == 1
    assert abs(deadlines.remaining(10**9) - 0.05) < 1e-12


def test_simulated_time_goes_on_when_its_clock_stops() -> None:
    ros_time = [5 * 10**9]
    base = TimeBase(lambda: ros_time[0], simulated=True)
    assert base.now() == 5 * 10**9
    time.sleep(0.1)
    assert base.now() == 5 * 10**9  # within the patience, only the ROS clock counts
    time.sleep(CLOCK_PATIENCE * 1e-9)
    assert base.now() > 5 * 10**9 + 50_000_000
    ros_time[0] += 1
    assert base.now() == 5 * 10**9 + 1


def test_wall_time_is_monotonic_time() -> None:
    base = TimeBase(lambda: 0, simulated=False)
    before = time.monotonic_ns()
    assert before <= base.now() <= time.monotonic_ns()


@settings(max_examples=20, deadline=None, phases=(Phase.generate,))  # shrinking would take minutes
@given(st.integers(0, PERIOD // 4), st.floats(-1e-3, 1e-3), st.integers(0, 2**32))
def test_ticks_come_with_the_readings_whatever_the_robot_s_clock_does(
    phase: int, drift: float, seed: int
) -> None:
    """Four readings a control period; the loop looks every 0.1 ms, and locks on within 100 ticks."""
    random = Random(seed)
    sensor = PERIOD // 4
    deadlines, alignment = Deadlines(PERIOD * 1e-9), Alignment(sensor * 1e-9, PERIOD * 1e-9)
    ages, numbers = [], []
    newest, due = -(10**12), 10**12 + phase
    for now in range(10**12, 10**12 + 200 * PERIOD, 100_000):
        if now >= due + random.randrange(sensor // 10):
            newest, due = now, due + round(sensor * (1.0 + drift))
        until, age = deadlines.remaining(now), (now - newest) * 1e-9
        if alignment.remaining(until, age) <= 0:
            number = deadlines.take(now)
            if alignment.has_reading(until, age):
                deadlines.follow(number, newest)
            numbers.append(number)
            ages.append(now - newest)
    assert max(ages[100:]) <= 200_000
    assert deadlines.missed == 0
    assert numbers == list(range(len(numbers)))


def test_without_readings_ticks_go_on() -> None:
    deadlines, alignment = Deadlines(PERIOD * 1e-9), Alignment(0.01, PERIOD * 1e-9)
    taken = [
        (deadlines.take(now), now)
        for now in range(0, 20 * PERIOD, 100_000)
        if alignment.remaining(deadlines.remaining(now), age=math.inf) <= 0
    ]
    assert [number for number, _ in taken] == list(range(len(taken)))
    assert {now % PERIOD for _, now in taken} == {5_000_000}
