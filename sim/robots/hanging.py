"""A legged robot whose base is held in the air: how its joints are looked at one by one."""

from __future__ import annotations

from dataclasses import replace

from contract.errors import TerrafirmaError
from sim.robots.spec import RobotSpec

SUFFIX = "-hanging"
HEIGHT = 1.0  # m above the default pose's: no foot reaches the ground


def hanging(spec: RobotSpec) -> RobotSpec:
    """The same robot with a fixed base, called `<name>-hanging`.

    Raises:
        TerrafirmaError: its base does not float.
    """
    if spec.base != "floating":
        raise TerrafirmaError(f"{spec.name}{SUFFIX}: only a robot whose base floats can hang.")
    return replace(spec, name=spec.name + SUFFIX, base="fixed", base_height=spec.base_height + HEIGHT)
