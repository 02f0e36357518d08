"""What another process takes of this machine; Linux only."""

from __future__ import annotations

import os
from pathlib import Path

CLOCK = os.sysconf("SC_CLK_TCK")  # Hz, in which a process's time is counted
PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes


def processor_seconds(pid: int) -> float:
    """Processor time of all its threads so far."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / CLOCK


def resident_megabytes(pid: int) -> float:
    """All memory that it has in use, with what it shares."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE * 1e-6


def own_megabytes(pid: int) -> float:
    """Its share of the memory in use, in which what is shared by n counts one nth (MiB)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no Pss of process {pid}")
