"""Counts what a recorder did not get, or could not keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


class Losses:
    """Messages that are missing in a bag, by topic.

    The middleware tells of messages that it gave up on. Ticks are numbered within a session of the
    policy, so a gap is a loss for certain; a missed deadline takes no such number.
    """

    def __init__(self) -> None:
        self._told: Counter[str] = Counter()
        self._gaps: Counter[str] = Counter()
        self._expected: int | None = None  # session tick; None before the first

    def lose(self, topic: str, count: int) -> None:
        """The middleware lost `count` more."""
        self._told[topic] += count

    def see_tick(self, topic: str, session_tick: int) -> None:
        """A tick came; negative while the policy holds, when its session has ended."""
        if session_tick < 0:
            return
        if self._expected is not None:
            begun_anew = session_tick < self._expected
            self._gaps[topic] += session_tick if begun_anew else session_tick - self._expected
        self._expected = session_tick + 1

    def total(self, dropped: Mapping[str, int]) -> dict[str, int]:
        """All that are missing, with those that were `dropped` since the disk was too slow."""
        names = {*self._told, *self._gaps, *dropped}
        counts = {
            # the middleware and a gap may tell of the same tick
            name: max(self._told[name], self._gaps[name]) + dropped.get(name, 0)
            for name in sorted(names)
        }
        return {name: count for name, count in counts.items() if count}
