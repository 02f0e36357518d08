"""Tasks by name."""

from __future__ import annotations

from contract.errors import UnknownNameError
from sim.robots.spec import RobotSpec
from sim.tasks.base import Task
from sim.tasks.push import Push
from sim.tasks.reach import PreciseReach, Reach
from sim.tasks.run import Run
from sim.tasks.velocity import Velocity

TASKS: dict[str, type[Push] | type[Reach] | type[Run] | type[Velocity]] = {
    "push": Push,
    "reach": Reach,
    "reach-precise": PreciseReach,
    "run": Run,
    "velocity": Velocity,
}


def make_task(name: str, robot: RobotSpec) -> Task:
    """The task called `name` for a robot; raises UnknownNameError with the nearest match."""
    if name not in TASKS:
        raise UnknownNameError("task", name, TASKS)
    return TASKS[name](robot)
