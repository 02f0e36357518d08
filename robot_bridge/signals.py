"""SIGINT and SIGTERM as a word that loops read, so that nodes stop in good order."""

from __future__ import annotations

import signal
from types import FrameType


class Signals:
    """SIGINT and SIGTERM ask the loop to end; nodes then stop in good order."""

    received: int | None = None

    @classmethod
    def install(cls) -> None:
        cls.received = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, cls._note)
        # The launcher blocks SIGINT until here: in the middle of an import it would be a traceback.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    @classmethod
    def _note(cls, number: int, frame: FrameType | None) -> None:
        cls.received = number
