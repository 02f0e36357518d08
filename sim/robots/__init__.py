"""Robots by name; a loader runs only when its robot is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from contract.errors import UnknownNameError
from sim.robots import a1, ant, half_cheetah, hopper, iiwa, laikago, minitaur, panda, reacher7, walker2d
from sim.robots.hanging import SUFFIX, hanging
from sim.robots.robot_file import SUFFIXES, load_robot_file
from sim.robots.spec import RobotSpec

ROBOTS: dict[str, Callable[[], RobotSpec]] = {
    "a1": a1.load,
    "ant": ant.load,
    "half_cheetah": half_cheetah.load,
    "hopper": hopper.load,
    "iiwa": iiwa.load,
    "laikago": laikago.load,
    "minitaur": minitaur.load,
    "panda": panda.load,
    "reacher7": reacher7.load,
    "walker2d": walker2d.load,
}


def load_robot(name: str) -> RobotSpec:
    """The robot called `name`, or the one that a robot file describes; with `-hanging` behind it, in the air.

    Raises:
        UnknownNameError: neither; with the nearest match.
        TerrafirmaError: a robot file's field that is wrong, or a base that cannot hang.
    """
    if name.endswith(SUFFIX):
        return hanging(load_robot(name.removesuffix(SUFFIX)))
    if name in ROBOTS:
        return ROBOTS[name]()
    path = Path(name)
    if path.suffix in SUFFIXES and path.is_file():
        return load_robot_file(path)
    raise UnknownNameError("robot", name, ROBOTS)
