"""A domain whose randomization grows: from nearly nominal values to all that its file allows.

Each setting is drawn at a quantile u ~ Beta(a, b) of its own distribution. Beta(1, 1) is that distribution;
large a and b keep to the values around the nominal one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import DomainError
from contract.state import Array
from sim.domains.distributions import Curriculum
from sim.domains.domain import Domain
from sim.domains.setting import Setting
from sim.robots.spec import RobotSpec

CONCENTRATION = 200.0  # a + b - 2 at the start; a deviation of 0.035 in the middle of the range


class WideningDomain:
    """What there is to widen in `domain` for `robot`: k settings that draw n numbers.

    A setting for all joints draws one number a joint, each from the same Beta.

    Raises:
        DomainError: there is nothing to widen, or a setting of a kind that cannot be.
    """

    def __init__(self, domain: Domain, robot: RobotSpec) -> None:
        self.domain = domain
        self._nominal = _nominal(domain, robot)
        drawn = self._drawn = varying(domain, robot)
        if not drawn:
            raise DomainError(f"{domain.source}: there is nothing to widen; no parameter has a distribution.")
        self._settings = sorted(set(drawn.values()))
        for i in self._settings:
            _check(domain.settings[i])
        self.owner: NDArray[np.int_] = np.array([self._settings.index(i) for i in drawn.values()])

    @property
    def names(self) -> tuple[str, ...]:
        """The numbers (n,) that are drawn: `parameter`, or `parameter/component`."""
        return tuple(self._drawn)

    def start(self) -> tuple[Array, Array]:
        """a (k,) and b (k,) of Betas that hardly leave the nominal values, or the nearest in range."""
        nominal = self.quantiles({"names": list(self._nominal), "values": list(self._nominal.values())})
        middle = np.bincount(self.owner, nominal) / np.bincount(self.owner)
        return 1.0 + CONCENTRATION * middle, 1.0 + CONCENTRATION * (1.0 - middle)

    def at(self, a: Array, b: Array) -> Domain:
        """The domain at a stage: a (k,) and b (k,), each at least 1."""
        settings = list(self.domain.settings)
        for i, shape in zip(self._settings, zip(a.tolist(), b.tolist(), strict=True), strict=True):
            settings[i] = replace(settings[i], shape=shape)
        return replace(self.domain, settings=tuple(settings))

    def quantiles(self, parameters: Mapping[str, Any]) -> Array:
        """Where in the domain's distributions drawn parameters lie, (n,) in [0, 1].

        Args:
            parameters: `names` and `values`, as an episode's info has them.
        """
        values = dict(zip(parameters["names"], parameters["values"], strict=True))
        settings = self.domain.settings
        return np.array(
            [
                settings[i].probability(self._nominal[name], float(values[name]))
                for name, i in self._drawn.items()
            ]
        )


def varying(domain: Domain, robot: RobotSpec) -> dict[str, int]:
    """The numbers that draws of the domain differ in: name to index of its setting, the last one it has."""
    joints = tuple(joint.name for joint in robot.joints)
    nominal = _nominal(domain, robot)
    drawn: dict[str, int] = {}
    for i, setting in enumerate(domain.settings):
        for name in _numbers(setting, joints):
            drawn.pop(name, None)
            low, high = setting.support(nominal[name])
            if low < high:
                drawn[name] = i
    return drawn


def _nominal(domain: Domain, robot: RobotSpec) -> dict[str, float]:
    """Each number of a draw as the robot's file has it."""
    joints = tuple(joint.name for joint in robot.joints)
    names, _, values = Domain(domain.engine).draw(robot, np.random.default_rng(0)).as_vector(joints)
    return dict(zip(names, values.tolist(), strict=True))


def _numbers(setting: Setting, joints: tuple[str, ...]) -> list[str]:
    """Names of the numbers that a setting draws."""
    name = setting.parameter.name
    components = [setting.component] if setting.component else setting.parameter.components(joints)
    return [f"{name}/{component}" for component in components] or [name]


def _check(setting: Setting) -> None:
    place = f"{setting.where}: {setting.parameter.name}"
    if setting.mode != "reset":
        raise DomainError(
            f"{place}: mode {setting.mode!r} cannot be widened, only what each reset draws. Modes: reset."
        )
    if setting.group:
        raise DomainError(f"{place}: cannot be widened with a correlation; each has to vary on its own.")
    if isinstance(setting.distribution, Curriculum):
        raise DomainError(
            f"{place}: a curriculum widens by itself. Distributions to widen: uniform, log_uniform, normal."
        )
