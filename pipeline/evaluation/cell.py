"""One measurement of many: a policy in a domain, and what tells it from every other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from policies.evaluation import Evaluation, evaluate
from policies.runtime import Policy
from sim.domains.domain import Domain

Key = tuple[str, str, int, int]


@dataclass(frozen=True)
class Cell:
    """Plain enough to be sent to another process."""

    policy: Path
    policy_sha256: str
    domain: Domain
    episodes: int
    seed: int

    @property
    def key(self) -> Key:
        """Policy, domain, episodes and seed; cells of equal keys have the same figures."""
        return self.policy_sha256, domain_digest(self.domain), self.episodes, self.seed


def domain_digest(domain: Domain) -> str:
    """Hash of the engine and of what every setting does; not of where the file is or how it is laid out."""
    settings = [
        [
            s.parameter.name,
            s.component,
            repr(s.distribution),
            s.operation,
            s.mode,
            repr(s.every),
            s.group,
            repr(s.correlation),
        ]
        for s in domain.settings
    ]
    return hashlib.sha256(json.dumps([domain.engine, settings]).encode()).hexdigest()


def measure_cell(cell: Cell, on_episode: Callable[[], None]) -> Evaluation:
    """Evaluate it, here and now."""
    return evaluate(Policy(cell.policy), cell.domain, cell.episodes, cell.seed, on_episode)
