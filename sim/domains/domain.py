"""A domain: an engine, and what is different about the world and the robot in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np

from contract.errors import DomainError, UnknownNameError
from contract.state import Array
from sim.domains.distributions import Distribution
from sim.domains.parameters import PARAMETERS, Parameter
from sim.robots.model import facts
from sim.robots.spec import RobotSpec

Engine = Literal["pybullet", "mujoco"]
ENGINES: tuple[str, ...] = ("pybullet", "mujoco")
SCALE = "link_mass_scale"


@dataclass(frozen=True)
class Setting:
    """One parameter set to a value or a distribution, for one joint or for all."""

    parameter: Parameter
    joint: str | None
    distribution: Distribution
    where: str


@dataclass(frozen=True)
class Draw:
    """Concrete values of every parameter: one number, or one a joint, in contract order."""

    values: Mapping[str, Array] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Array:
        return self.values[name]

    def scalar(self, name: str) -> float:
        return float(self.values[name])

    def as_vector(self, joints: tuple[str, ...]) -> tuple[list[str], list[str], Array]:
        """Names, units and values of the whole draw, flattened; one entry a joint where it has several."""
        names, units, values = [], [], []
        for name, value in self.values.items():
            labels = [name] if value.ndim == 0 else [f"{name}/{joint}" for joint in joints]
            names += labels
            units += [PARAMETERS[name].unit] * len(labels)
            values += np.atleast_1d(value).tolist()
        return names, units, np.array(values)


@dataclass(frozen=True)
class Domain:
    """Engine plus settings; `source` is where it was read from."""

    engine: str
    settings: tuple[Setting, ...] = ()
    source: str = "built in"

    def check(self, robot: RobotSpec) -> None:
        """Refuse settings that mean nothing for `robot`.

        Raises:
            DomainError, UnknownNameError: with the line of the setting.
        """
        names = [joint.name for joint in robot.joints]
        for setting in self.settings:
            if setting.joint is not None and setting.joint not in names:
                raise UnknownNameError(f"joint of {robot.name}", setting.joint, names, setting.where)
            needs = setting.parameter.needs
            if (needs == "floating base" and not robot.floating_base) or (needs == "tool" and not robot.tool):
                raise DomainError(
                    f"{setting.where}: {setting.parameter.name} needs a {needs}, which {robot.name} lacks."
                )
            self._check_limits(setting, robot)

    def _check_limits(self, setting: Setting, robot: RobotSpec) -> None:
        low, high = setting.distribution.support()
        name = setting.parameter.name
        if name in ("base_mass_offset", "tool_mass_offset"):
            link, mass = _carrier(name, robot)
            scales = [s.distribution.support()[0] for s in self.settings if s.parameter.name == SCALE]
            mass *= min(scales, default=1.0)
            if mass + low <= 0.0:
                raise DomainError(
                    f"{setting.where}: {name}: {low:g} kg would leave nothing of {robot.name}'s {link!r}, "
                    f"which weighs {mass:g} kg."
                )
        # PyBullet damps explicitly, and light links and free bases react
        unstable = self.engine == "pybullet" and high > robot.stable_damping
        if name == "joint_damping" and unstable:
            raise DomainError(
                f"{setting.where}: {name}: above {robot.stable_damping:g} N·m·s/rad PyBullet's steps are "
                f"unstable for {robot.name}, got {high:g}; use engine 'mujoco'."
            )

    def draw(self, robot: RobotSpec, rng: np.random.Generator) -> Draw:
        """Draw every parameter: a pure function of `rng`'s state."""
        values = {name: _nominal(parameter, robot) for name, parameter in PARAMETERS.items()}
        names = [joint.name for joint in robot.joints]
        for setting in self.settings:
            value = values[setting.parameter.name]
            if setting.joint is not None:
                value[names.index(setting.joint)] = setting.distribution.draw(rng)
            elif value.ndim:
                value[:] = [setting.distribution.draw(rng) for _ in names]
            else:
                value[()] = setting.distribution.draw(rng)
        return Draw(values)

    @property
    def engine_name(self) -> Engine:
        return cast(Engine, self.engine)


def _carrier(name: str, robot: RobotSpec) -> tuple[str, float]:
    """The link that a mass offset is added to, and its nominal mass, kg."""
    urdf = facts(robot)
    link = robot.tool.link if robot.tool and name == "tool_mass_offset" else urdf.base
    return link, urdf.links[link].mass


def _nominal(parameter: Parameter, robot: RobotSpec) -> Array:
    if parameter.nominal is None:
        return np.array(getattr(robot, parameter.name), dtype=float)
    if parameter.scope == "joint":
        return np.full(len(robot.joints), parameter.nominal)
    return np.array(parameter.nominal)
