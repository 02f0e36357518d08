"""Gymnasium ids, one for each robot and task that belong together."""

from __future__ import annotations

import gymnasium

from sim.domains.domain import Domain
from sim.domains.reader import load_domain
from sim.environment import RobotEnv

ENVIRONMENTS: dict[str, tuple[str, str]] = {
    "terrafirma/iiwa-reach-v0": ("iiwa", "reach"),
    "terrafirma/a1-velocity-v0": ("a1", "velocity"),
}


def make(robot: str, task: str, domain: str | Domain = "nominal") -> RobotEnv:
    """Entry point of every id; `domain` is a file, a shipped name or a `Domain`."""
    return RobotEnv(robot, task, domain if isinstance(domain, Domain) else load_domain(domain))


def register() -> None:
    """Make the ids known to `gymnasium.make`; safe to call twice."""
    for name, (robot, task) in ENVIRONMENTS.items():
        if name not in gymnasium.registry:
            gymnasium.register(
                name, entry_point=f"{__name__}:{make.__name__}", kwargs={"robot": robot, "task": task}
            )
