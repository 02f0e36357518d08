"""Finished runs as JSON lines: small enough to be committed, enough to draw every curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.json_lines import append_lines, read_lines


@dataclass(frozen=True)
class Run:
    """One seed of a method on a pair; `at` (k,) source steps and `returns` (k,) on the target."""

    pair: str
    method: str
    seed: int
    digest: str  # of the settings
    steps: int
    target_steps: int
    at: list[int]
    returns: list[float]
    diagnostics: dict[str, list[float]]  # each (k,), means over the seeds that ran together
    seconds: float  # of all seeds that ran together
    together: int  # how many those were
    commit: str

    @property
    def final(self) -> float:
        """Mean of the last three evaluations."""
        return sum(self.returns[-3:]) / len(self.returns[-3:])


def read_runs(path: Path) -> list[Run]:
    """What has been played."""
    return read_lines(path, lambda data: Run(**data))


def append_runs(path: Path, runs: Sequence[Run]) -> None:
    """Keep runs."""
    append_lines(path, map(asdict, runs))
