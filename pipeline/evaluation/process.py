"""What a worker process does before it loads anything: one thread, and a quiet end.

Imports neither numpy nor a simulator, which read the environment when they are loaded.
"""

from __future__ import annotations

import os
import signal
from multiprocessing.sharedctypes import Synchronized

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_episodes: Synchronized[int] | None = None


def prepare(episodes: Synchronized[int]) -> None:
    """Initialise this process; `episodes` counts what all of them have done."""
    global _episodes  # noqa: PLW0603, a pool offers its workers no other place
    _episodes = episodes
    for name in THREADS:
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback


def count_episode() -> None:
    """Add one to the episodes that are done."""
    assert _episodes is not None
    with _episodes.get_lock():
        _episodes.value += 1
