"""A bag's writer in a thread of its own, so that a slow disk holds up nobody who listens."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping

from robot_bridge.bag import BagWriter

PERIOD = 0.05  # s, between two looks at what waits: cheaper than to wake up for each message


class BackgroundWriter:
    """Takes messages at once and writes them soon.

    What waits for the disk is bounded; beyond that new messages are dropped, and counted. One thread
    calls `put` and `close`.

    Args:
        bag: all its topics are known; from now on nobody else touches it.
        capacity: bytes that may wait.
    """

    def __init__(self, bag: BagWriter, capacity: int) -> None:
        self._bag, self._capacity = bag, capacity
        self.folder = bag.folder
        self.counts: Counter[str] = Counter()  # messages taken
        self.dropped: Counter[str] = Counter()
        self.error: Exception | None = None  # why nothing is written any more
        self._waiting: deque[tuple[str, bytes, int]] = deque()
        self._taken = self._written = 0  # bytes; each is counted by one thread only
        self._closing = threading.Event()
        self._losses: Mapping[str, int] = {}
        self._thread = threading.Thread(target=self._run, name="bag", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Bytes that wait."""
        return self._taken - self._written

    def put(self, name: str, data: bytes, now: int) -> bool:
        """Take a message that arrived at `now`, ns; False: dropped, for too much waits or writing failed."""
        if self.error is not None or (self._waiting and self.backlog + len(data) > self._capacity):
            self.dropped[name] += 1
            return False
        self._taken += len(data)
        self._waiting.append((name, data, now))
        self.counts[name] += 1
        return True

    def close(self, losses: Mapping[str, int]) -> None:
        """Write what waits and finish the bag; `error` tells whether that went well."""
        self._losses = dict(losses)
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._closing.wait(PERIOD):
                self._drain()
                self._bag.flush(time.time_ns())
            self._drain()
            self._bag.close(self._losses)
        except Exception as error:  # OSError of a full disk; anything else must not pass in silence either
            self.error = error
            self._bag.abandon()

    def _drain(self) -> None:
        while self._waiting:
            name, data, now = self._waiting.popleft()
            self._bag.write(name, data, now)
            self._written += len(data)
