"""Finished runs as JSON lines: small enough to be committed, enough to draw every curve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.progress import console


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
    """What is there; a line that an interruption tore is as if it had never been."""
    runs = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            runs.append(Run(**json.loads(line)))
        except (ValueError, TypeError):
            console.print(f"{path}: left out what is no run: {line[:60]!r}")
    return runs


def append_runs(path: Path, runs: Sequence[Run]) -> None:
    """Keep runs, at once and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.is_file() and not path.read_text().endswith("\n")
    lines = "".join(json.dumps(asdict(run)) + "\n" for run in runs)
    with path.open("a") as stream:
        stream.write(("\n" if torn else "") + lines)
