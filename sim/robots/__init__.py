"""Robots by name; a loader runs only when its robot is asked for."""

from __future__ import annotations

from collections.abc import Callable

from contract.errors import UnknownNameError
from sim.robots import a1, ant, half_cheetah, hopper, iiwa, laikago, panda, reacher7, walker2d
from sim.robots.spec import RobotSpec

ROBOTS: dict[str, Callable[[], RobotSpec]] = {
    "a1": a1.load,
    "ant": ant.load,
    "half_cheetah": half_cheetah.load,
    "hopper": hopper.load,
    "iiwa": iiwa.load,
    "laikago": laikago.load,
    "panda": panda.load,
    "reacher7": reacher7.load,
    "walker2d": walker2d.load,
}


def load_robot(name: str) -> RobotSpec:
    """The robot called `name`; raises UnknownNameError with the nearest match."""
    if name not in ROBOTS:
        raise UnknownNameError("robot", name, ROBOTS)
    return ROBOTS[name]()
