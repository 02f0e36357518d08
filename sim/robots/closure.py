"""Where the free joints of a closed linkage are, given its motors."""

from __future__ import annotations

import numpy as np

from contract.rotation import rpy_matrix
from contract.state import Array
from sim.robots.model import facts
from sim.robots.spec import Loop, RobotSpec, Vector
from sim.robots.transform import axis_matrix

ITERATIONS = 8  # of Newton's method; it starts near the solution
STEP = 1e-6  # rad, of its derivatives


class Closure:
    """Free joint positions that close a robot's loops; without loops, where the spec puts them."""

    def __init__(self, robot: RobotSpec) -> None:
        self._robot = robot
        urdf = facts(robot)
        # link: its parent, and the joint in between, with no name and axis where that is fixed
        self._above = {child: (parent, "", origin) for child, (parent, origin) in urdf.fixed.items()}
        self._above |= {j.child: (j.parent, j.name, j.origin) for j in urdf.joints.values()}

    def free_positions(self, joint_position: Array) -> dict[str, float]:
        """Position (rad) of each free joint by name, for motors at `joint_position` (n,) rad."""
        free = dict(self._robot.unactuated)
        if not self._robot.loops:
            return free
        names = (joint.name for joint in self._robot.joints)
        values = free | dict(zip(names, joint_position.tolist(), strict=True))
        for loop in self._robot.loops:
            unknown = [
                name for link in (loop.first, loop.second) for name in self._joints(link) if name in free
            ]
            self._solve(loop, unknown, values)
        return {name: values[name] for name in free}

    def _solve(self, loop: Loop, unknown: list[str], values: dict[str, float]) -> None:
        """Newton's method on the distance between the loop's ends, in place."""
        for _ in range(ITERATIONS):
            gap = self._gap(loop, values)
            columns = []
            for name in unknown:
                moved = values | {name: values[name] + STEP}
                columns.append((self._gap(loop, moved) - gap) / STEP)
            change = np.linalg.lstsq(np.array(columns).T, -gap, rcond=None)[0]
            for name, by in zip(unknown, change.tolist(), strict=True):
                values[name] += by

    def _gap(self, loop: Loop, values: dict[str, float]) -> Array:
        first = self._point(loop.first, loop.first_point, values)
        return first - self._point(loop.second, loop.second_point, values)

    def _joints(self, link: str) -> list[str]:
        names = []
        while link in self._above:
            link, name, _ = self._above[link]
            names.append(name)
        return names

    def _point(self, link: str, point: Vector, values: dict[str, float]) -> Array:
        """A link's point (3,) m in the base frame."""
        at = np.array(point)
        while link in self._above:
            link, name, origin = self._above[link]
            if name:
                at = axis_matrix(np.array(origin.axis), values[name]) @ at
            at = np.array(origin.xyz) + rpy_matrix(origin.rpy) @ at
        return at
