"""What no robot can sense, as numbers for the critics and teachers of training.

Where the base moves: its velocity and height, and which feet touch the ground. In every domain: each
parameter that the domain varies, -1 at the smallest value that it can draw and 1 at the largest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contract.state import Array
from sim.domains.domain import Domain, Draw
from sim.domains.parameter import AXES
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot
from sim.truth import Truth

Block = NDArray[np.float32]


class Privileged:
    """The privileged numbers of robots in one domain; `names` has one for each, always in this order."""

    def __init__(self, robot: RobotSpec, domain: Domain) -> None:
        self._moves = robot.floating_base
        motion = [*(f"base_linear_velocity/{axis}" for axis in AXES), "base_height"]
        contacts = [f"foot_contact/{foot}" for foot in robot.feet]
        self._parameters, varied, self._index, self._low, self._width = _varied(robot, domain)
        self.names = (*(motion + contacts if self._moves else ()), *varied)
        self._first = len(self.names) - len(varied)

    def write_motion(self, block: Block, truth: Truth, contacts: Array | float) -> None:
        """Fill in how the bases of these robots move.

        Args:
            block: (rows, len(names)), whose row belongs to a robot.
            truth: of these robots; m, m/s.
            contacts: (rows, feet), 1.0 for each foot that touches the ground; 0.0 for none at all.
        """
        if self._moves:
            block[:, :3] = truth.base_linear_velocity
            block[:, 3] = truth.base_height
            block[:, 4 : self._first] = contacts

    def write_parameters(self, row: Block, drawn: Draw) -> None:
        """Fill in what a domain has drawn for one robot; `row` is (len(names),)."""
        if self._parameters:
            values = np.concatenate([np.atleast_1d(drawn[name]) for name in self._parameters])
            row[self._first :] = 2.0 * (values[self._index] - self._low) / self._width - 1.0


class PrivilegedBatch:
    """The privileged numbers of a batch of robots in `array` (robots, len(names)), kept up to date."""

    def __init__(self, numbers: Privileged, robots: Sequence[SimulatedRobot], array: Block) -> None:
        self._numbers, self._robots, self._array = numbers, robots, array
        self._drawn: list[Draw | None] = [None] * len(robots)

    def begin(self, row: int) -> None:
        """An episode begins; nothing touches before the first step has looked for it."""
        self._numbers.write_motion(self._array[row : row + 1], self._robots[row].truth(), 0.0)
        self._look_up(row)

    def update(self, truth: Truth) -> None:
        """After a step of all robots."""
        contacts = np.array([robot.foot_contacts() for robot in self._robots])
        self._numbers.write_motion(self._array, truth, contacts)
        for row in range(len(self._robots)):
            self._look_up(row)

    def _look_up(self, row: int) -> None:
        drawn = self._robots[row].drawn
        if drawn is not self._drawn[row]:  # also within an episode, where the domain draws at intervals
            self._numbers.write_parameters(self._array[row], drawn)
            self._drawn[row] = drawn


def privileged_names(robot: RobotSpec, domain: Domain) -> tuple[str, ...]:
    """What there is to know of `robot` in `domain` beyond its sensors: may be nothing."""
    return Privileged(robot, domain).names


def _varied(robot: RobotSpec, domain: Domain) -> tuple[list[str], list[str], NDArray[np.intp], Array, Array]:
    """Varied parameters, names of their varied components, where those are, their minima and widths."""
    joints = tuple(joint.name for joint in robot.joints)
    nominal = Domain(domain.engine).draw(robot, np.random.default_rng(0))
    wanted = {setting.parameter.name for setting in domain.settings}
    parameters = [name for name in nominal.values if name in wanted]
    labels, _, values = Draw({name: nominal[name] for name in parameters}).as_vector(joints)
    low, high = values.copy(), values.copy()
    for setting in domain.settings:  # the last one that names a component decides
        for i, label in enumerate(labels):
            name, _, component = label.partition("/")
            if name == setting.parameter.name and setting.component in (None, component):
                low[i], high[i] = setting.support(float(values[i]))
    index = np.flatnonzero(high > low)
    return parameters, [labels[i] for i in index], index, low[index], (high - low)[index]
