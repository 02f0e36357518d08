"""Gymnasium ids, one for each robot and task that belong together."""

from __future__ import annotations

import gymnasium

from sim.domains.domain import Domain
from sim.domains.reader import load_domain
from sim.environment import RobotEnv

ROBOTS_OF = {
    "reach": ("iiwa", "panda", "reacher7"),
    "reach-precise": ("iiwa", "panda"),
    "push": ("panda", "iiwa"),
    "velocity": ("a1",),
    "run": ("ant", "half_cheetah", "hopper", "walker2d", "laikago", "minitaur"),
}
ENVIRONMENTS: dict[str, tuple[str, str]] = {
    f"terrafirma/{robot}-{task}-v0": (robot, task) for task, robots in ROBOTS_OF.items() for robot in robots
}


def make(robot: str, task: str, domain: str | Domain = "nominal", curriculum: bool = False) -> RobotEnv:
    """Entry point of every id; `domain` is a file, a shipped name or a `Domain`.

    `curriculum`: let the domain's curricula begin easily and follow success, as in training.
    """
    return RobotEnv(robot, task, domain if isinstance(domain, Domain) else load_domain(domain), curriculum)


def register() -> None:
    """Make the ids known to `gymnasium.make`; safe to call twice."""
    for name, (robot, task) in ENVIRONMENTS.items():
        if name not in gymnasium.registry:
            gymnasium.register(
                name, entry_point=f"{__name__}:{make.__name__}", kwargs={"robot": robot, "task": task}
            )
