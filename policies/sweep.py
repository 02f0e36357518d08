"""One parameter of a domain at a row of values, with everything else as the domain has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import yaml

from contract.errors import DomainError, UnknownNameError
from sim.domains import nodes
from sim.domains.distributions import Fixed, Uniform
from sim.domains.domain import Domain
from sim.domains.parameter import Parameter
from sim.domains.parameters import PARAMETERS
from sim.domains.setting import Setting
from sim.robots.spec import RobotSpec

MOST = 1000  # values; more is a slip of the pen
FORM = "NAME=LOW:HIGH:COUNT or NAME/JOINT=LOW:HIGH:COUNT, e.g. ground_friction=0.2:1.6:8"


@dataclass(frozen=True)
class Sweep:
    """`values`, ascending and in the parameter's unit, for one component or for all of them."""

    parameter: Parameter
    component: str | None  # a joint or an axis; None: all of them
    values: tuple[float, ...]
    where: str

    @property
    def name(self) -> str:
        """As a draw calls it: `parameter`, or `parameter/component`."""
        return f"{self.parameter.name}/{self.component}" if self.component else self.parameter.name

    def at(self, domain: Domain, value: float) -> Domain:
        """The domain with the parameter fixed at `value`; its other settings stay.

        A setting of all joints stays where one joint is swept: what comes last counts.
        """
        kept = tuple(setting for setting in domain.settings if not self._replaces(setting))
        return replace(domain, settings=(*kept, self._fixed(value)))

    def check(self, domain: Domain, robot: RobotSpec) -> None:
        """Refuse values that a domain file could not have for `robot`.

        Raises:
            DomainError, UnknownNameError: naming the sweep, the value and what is valid.
        """
        if self.component is not None and self.parameter.scope == "scalar":
            raise DomainError(
                f"{self.where}: {self.parameter.name} is one number for the robot, not one a joint or axis."
            )
        whole = Uniform(self.values[0], self.values[-1])
        Setting(self.parameter, self.component, whole, self.where).check_range(0.0)
        for value in self.values:
            self.at(domain, value).check(robot)

    def _replaces(self, setting: Setting) -> bool:
        same = setting.parameter.name == self.parameter.name
        return same and self.component in (None, setting.component)

    def _fixed(self, value: float) -> Setting:
        return Setting(self.parameter, self.component, Fixed(value), self.where)


def parse_sweep(text: str) -> Sweep:
    """Read `NAME=LOW:HIGH:COUNT`: COUNT values, evenly from LOW to HIGH inclusive.

    Raises:
        DomainError: the text is not of this form, or a number is none.
        UnknownNameError: no domain parameter has this name.
    """
    where = f"--sweep {text!r}"
    left, equals, right = text.partition("=")
    name, slash, component = left.partition("/")
    parts = right.split(":")
    if not equals or len(parts) != 3 or (slash and not component):
        raise DomainError(f"{where}: expected {FORM}.")
    if name not in PARAMETERS:
        raise UnknownNameError("domain parameter", name, PARAMETERS, where)
    parameter = PARAMETERS[name]
    low, high = (_number(part, parameter.unit, f"{where}: {name}") for part in parts[:2])
    if not low < high:
        raise DomainError(f"{where}: {name}: needs LOW < HIGH, got {low:g} and {high:g}.")
    return Sweep(parameter, component or None, spaced(low, high, _count(parts[2], where), where), where)


def spaced(low: float, high: float, count: int, where: str) -> tuple[float, ...]:
    """`count` values from `low` to `high`, evenly and without the last digits of rounding."""
    inner = [round(float(value), 12) for value in np.linspace(low, high, count)[1:-1]]
    values = (low, *inner, high)
    if any(a >= b for a, b in pairwise(values)):
        raise DomainError(f"{where}: there are no {count} different values from {low!r} to {high!r}.")
    return values


def _number(text: str, unit: str, where: str) -> float:
    """A finite number, read as a domain file would."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        node = None
    return nodes.number(node or yaml.ScalarNode("", text, style="'"), unit, where)


def _count(text: str, where: str) -> int:
    count = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
    if not 2 <= count <= MOST:
        raise DomainError(f"{where}: COUNT is to be a whole number from 2 to {MOST}, got {text!r}.")
    return count
