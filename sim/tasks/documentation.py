"""The tables of robots and tasks in the documentation, written from their contracts.

python -m sim.tasks.documentation docs/robots-and-tasks.md
"""

from __future__ import annotations

import sys
from types import ModuleType

from contract.record import Command, Contract
from sim import markdown
from sim.contracts import build_contract, unnamed_identity
from sim.registration import ENVIRONMENTS
from sim.robots import load_robot
from sim.robots.documentation import overview, portraits
from sim.tasks import TASKS, make_task

OBSERVATION_HEADER = ("index", "term", "unit", "frame", "scale")
COMMAND_HEADER = ("field", "unit", "range", "neutral")


def sections() -> dict[str, str]:
    """The generated parts of the page about robots and tasks, by the name of their markers."""
    parts = {"robots": overview(), "portraits": portraits()}
    for robot_name, task_name in ENVIRONMENTS.values():
        if TASKS[task_name].__base__ in TASKS.values():
            continue  # a variant, which observes and asks for what the other does
        robot = load_robot(robot_name)
        task = make_task(task_name, robot)
        contract = build_contract(task, unnamed_identity(task))
        parts[f"{contract.identity.policy} observation"] = _observation(contract)
        # these a task has in common for all its robots
        parts[f"{task_name} command"] = _command(contract.command)
        parts[f"{task_name} constants"] = _constants(sys.modules[TASKS[task_name].__module__])
    return parts


def _observation(contract: Contract) -> str:
    rows, start = [], 0
    for term in contract.observation:
        stop = start + term.dimension * term.history
        rows.append((f"{start}–{stop - 1}", f"`{term.source}`", term.unit, term.frame, f"{term.scale:g}"))
        start = stop
    return markdown.table(OBSERVATION_HEADER, rows)


def _command(command: Command) -> str:
    names = [f"`{name}`" for name in command.fields]
    ranges = [f"{low:g} to {high:g}" for low, high in zip(command.low, command.high, strict=True)]
    neutral = [f"{value:g}" for value in command.neutral]
    return markdown.table(COMMAND_HEADER, zip(names, command.units, ranges, neutral, strict=True))


def _constants(module: ModuleType) -> str:
    """Every number that the task's own file names in capitals."""
    values = {name: value for name, value in vars(module).items() if name.isupper()}
    return markdown.table(("constant", "value"), ((f"`{name}`", value) for name, value in values.items()))


if __name__ == "__main__":
    raise SystemExit(markdown.main(sys.argv[1:], sections()))
