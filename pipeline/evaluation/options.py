"""Arguments that hold for one evaluation, for curves and for a matrix alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from contract.errors import TerrafirmaError


@dataclass(frozen=True)
class Options:
    """How much is evaluated, and where the results go.

    Args:
        episodes: how many, of each value or cell; episode i has seed `seed + i`.
        seed: of the first episode.
        out: folder for rows and pictures; by default the run's, else runs/evaluate-<policy>.
        workers: processes that evaluate values or cells; the figures do not depend on it.
        fresh: measure again what was measured before.
        as_json: print one JSON object, or a list of rows.
    """

    episodes: int = 100
    seed: int = 10_000
    out: Path | None = None
    workers: int = 1
    fresh: bool = False
    as_json: Annotated[bool, tyro.conf.arg(name="json")] = False

    def check(self) -> None:
        """Refuse numbers that mean nothing."""
        for name, value, least in (
            ("--episodes", self.episodes, 1),
            ("--seed", self.seed, 0),
            ("--workers", self.workers, 1),
        ):
            if value < least:
                raise TerrafirmaError(f"{name} {value}: must be at least {least}.")
        if self.out is not None and self.out.exists() and not self.out.is_dir():
            raise TerrafirmaError(f"--out {self.out}: is a file; give a folder.")
