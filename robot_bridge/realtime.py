"""A process that other work on the computer cannot push aside."""

from __future__ import annotations

import os
from pathlib import Path

from contract.errors import TerrafirmaError


def make_realtime(priority: int, cpu: int) -> None:
    """Run all threads of this process under SCHED_FIFO, and pin the calling one.

    Args:
        priority: 1 to 99; 0 leaves the scheduling as it is.
        cpu: number of a processor; -1 for any.

    Raises:
        TerrafirmaError: the system does not allow it, or has no such processor.
    """
    if priority > 0:
        try:
            for thread in Path("/proc/self/task").iterdir():  # those of the middleware too
                os.sched_setscheduler(int(thread.name), os.SCHED_FIFO, os.sched_param(priority))
        except PermissionError as error:
            raise TerrafirmaError(
                f"parameter realtime_priority: {priority} is not allowed for this user ({error}). Allow it "
                "with a line such as '@realtime - rtprio 99' in /etc/security/limits.conf, or leave it at 0."
            ) from error
    if cpu >= 0:
        allowed = os.sched_getaffinity(0)
        if cpu not in allowed:
            raise TerrafirmaError(f"parameter cpu: {cpu} is none of {sorted(allowed)}.")
        os.sched_setaffinity(0, {cpu})
