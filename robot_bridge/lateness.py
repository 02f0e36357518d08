"""Whether readings take longer to arrive than they did, though the clocks of robot and computer differ."""

from __future__ import annotations

import math

DRIFT = 1e-3  # s/s, by which two clocks may part; quartz is a tenth of it


class Lateness:
    """How much later than the promptest before it a reading came.

    Arrival minus stamp is the delay plus what the clocks differ by. The least of it belongs to a prompt
    reading, and creeps up no faster than clocks drift: readings that are late for good stay late, and stamps
    that jump back look late. Stamps that jump ahead become what is prompt.
    """

    def __init__(self) -> None:
        self._least = math.inf  # s, of arrival minus stamp
        self._noted: int | None = None
        self._received = 0.0
        self.seconds = 0.0  # of the newest reading

    def note(self, stamp: int, received: float) -> None:
        """A reading stamped `stamp` ns came at `received` s; the same one again changes nothing."""
        if stamp == self._noted:
            return
        apart = received - stamp * 1e-9
        passed = max(0.0, received - self._received) if self._noted is not None else 0.0
        self._least = min(self._least + DRIFT * passed, apart)
        self._noted, self._received = stamp, received
        self.seconds = apart - self._least
