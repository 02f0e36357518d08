"""Absolute control deadlines, so that one late tick does not delay all that follow."""

from __future__ import annotations

import time
from collections.abc import Callable

FOLLOW = 0.05  # of the distance from a deadline to its reading that the next ones move
CLOCK_PATIENCE = 500_000_000  # ns of wall time for which a simulated clock may stand still


class Deadlines:
    """Deadline k is due at start + k period; times in ns on one clock."""

    def __init__(self, period: float) -> None:
        """`period` in s."""
        self._period = round(period * 1e9)
        self._start: int | None = None
        self.next = 0  # number of the next one
        self.missed = 0

    def remaining(self, now: int) -> float:
        """Seconds until the next deadline; 0 or less when it is due."""
        if self._start is None:
            self._start = now
        wait = self._start + self.next * self._period - now
        if wait > 2 * self._period:  # the clock was turned back
            self._start, wait = now - self.next * self._period, 0
        return wait * 1e-9

    def take(self, now: int) -> int:
        """Number of the newest deadline due; the ones passed over count as missed."""
        assert self._start is not None
        number = max(self.next, (now - self._start) // self._period)
        self.missed += number - self.next
        self.next = number + 1
        return number

    def follow(self, number: int, now: int) -> None:
        """Let all deadlines come a little closer to where number `number` would have been at `now` ns."""
        assert self._start is not None
        self._start += round(FOLLOW * (now - self._start - number * self._period))


class Alignment:
    """Ticks with the reading that comes nearest to each deadline, so that none acts on an old one.

    Where no reading comes, the tick is half a sensor period late, and acts without. `Deadlines.follow`
    keeps the deadlines where the readings are, though the robot's clock runs as it likes.

    Args:
        sensor_period: s between two readings; 0 ticks at the deadlines whatever comes.
        control_period: s.
    """

    def __init__(self, sensor_period: float, control_period: float) -> None:
        self._slack = 0.5 * min(sensor_period, control_period)

    def has_reading(self, until_deadline: float, age: float) -> bool:
        """Whether the newest reading, `age` s old, is the one for a deadline that is so many s away."""
        return abs(until_deadline + age) <= self._slack

    def remaining(self, until_deadline: float, age: float) -> float:
        """Seconds to wait for the next tick; a reading may end the wait."""
        return 0.0 if self.has_reading(until_deadline, age) else until_deadline + self._slack


class TimeBase:
    """The clock that ticks, time-outs and ramps run on, in ns.

    Wall time, or the ROS clock of a simulation. When that clock stands still for longer than
    `CLOCK_PATIENCE`, wall time carries it on: a robot that died must not stop the watch that
    would notice.
    """

    def __init__(self, ros_now: Callable[[], int], simulated: bool) -> None:
        self._ros_now = ros_now
        self._simulated = simulated
        self._last = -1
        self._changed = 0

    def now(self) -> int:
        wall = time.monotonic_ns()
        if not self._simulated:
            return wall
        now = self._ros_now()
        if now != self._last:
            self._last, self._changed = now, wall
        return now + max(0, wall - self._changed - CLOCK_PATIENCE)
