"""What is known of one quantity that a domain may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AXES = ("x", "y", "z")

Scope = Literal["scalar", "joint", "axis"]
Need = Literal["", "floating base", "tool", "floating base or a tool"]


@dataclass(frozen=True)
class Parameter:
    """One physical quantity of a domain.

    `scope` says how many numbers it has: one, one a joint, or one for each of x, y and z.
    `nominal` is used where a domain says nothing; None means "as the robot's file says".
    A parameter that is only used at the start of an episode cannot change within one.
    """

    name: str
    unit: str
    low: float
    high: float
    nominal: float | None
    scope: Scope
    description: str
    needs: Need = ""
    only_at_start: bool = False

    def components(self, joints: tuple[str, ...]) -> tuple[str, ...]:
        """Names of its numbers for a robot with these joints; none where it has only one."""
        return {"scalar": (), "joint": joints, "axis": AXES}[self.scope]


def robot(
    name: str, unit: str, low: float, high: float, nominal: float, description: str, needs: Need = ""
) -> Parameter:
    """One number for the robot."""
    return Parameter(name, unit, low, high, nominal, "scalar", description, needs)


def joint(
    name: str, unit: str, low: float, high: float, nominal: float | None, description: str
) -> Parameter:
    """One number a joint."""
    return Parameter(name, unit, low, high, nominal, "joint", description)


def axis(name: str, unit: str, low: float, high: float, description: str, needs: Need = "") -> Parameter:
    """One number an axis, 0 unless a domain says otherwise."""
    return Parameter(name, unit, low, high, 0.0, "axis", description, needs)
