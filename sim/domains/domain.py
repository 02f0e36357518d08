"""A domain: an engine, and what is different about the world and the robot in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np

from contract.errors import DomainError, UnknownNameError
from contract.state import Array
from sim.domains.distributions import Curriculum
from sim.domains.parameter import AXES
from sim.domains.parameters import PARAMETERS, Parameter
from sim.domains.setting import Setting
from sim.robots.model import facts
from sim.robots.spec import RobotSpec

Engine = Literal["pybullet", "mujoco"]
ENGINES: tuple[str, ...] = ("pybullet", "mujoco")
SCALE = "link_mass_scale"
NEAREST_WALL = 1.0  # m from the start, where most robots have room
PLANAR_AXES = {"start_rotation": ("y",), "start_velocity": ("x", "z")}


@dataclass(frozen=True)
class Draw:
    """Concrete values of every parameter: one number, one a joint (contract order), or x, y, z."""

    values: Mapping[str, Array] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Array:
        return self.values[name]

    def scalar(self, name: str) -> float:
        return float(self.values[name])

    def is_known_as(self, other: Draw) -> bool:
        """Whether it holds the very arrays of `other`: nothing was drawn anew between the two."""
        return all(value is other.values.get(name) for name, value in self.values.items())

    def as_vector(self, joints: tuple[str, ...]) -> tuple[list[str], list[str], Array]:
        """Names, units and values of the whole draw, flattened; one entry a component, `name/component`."""
        names, units, values = [], [], []
        for name, value in self.values.items():
            components = PARAMETERS[name].components(joints)
            labels = [f"{name}/{component}" for component in components] or [name]
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
        names = _joint_names(robot)
        for setting in self.settings:
            parameter = setting.parameter
            components = parameter.components(names)
            if setting.component is not None and setting.component not in components:
                kind = f"joint of {robot.name}" if parameter.scope == "joint" else f"axis of {parameter.name}"
                raise UnknownNameError(kind, setting.component, components, setting.where)
            _check_needs(setting, robot)
            self._check_limits(setting, robot)

    def _check_limits(self, setting: Setting, robot: RobotSpec) -> None:
        nominal = _nominal(setting.parameter, robot)
        meant = np.atleast_1d(nominal if setting.component is None else nominal[_index(setting, robot)])
        for value in meant.tolist():
            setting.check_range(value)
        name = setting.parameter.name
        if name in ("base_mass_offset", "tool_mass_offset"):
            self._check_mass(setting, robot)
        if name == "obstacle_distance":
            _check_room(setting)
        if name == "joint_damping" and self.engine == "pybullet":
            high = max(setting.support(value)[1] for value in meant.tolist())
            if high > robot.stable_damping:  # PyBullet damps explicitly, and light links and free bases react
                raise DomainError(
                    f"{setting.where}: {name}: above {robot.stable_damping:g} N·m·s/rad PyBullet's steps are "
                    f"unstable for {robot.name}, got {high:g}; use engine 'mujoco'."
                )

    def _check_mass(self, setting: Setting, robot: RobotSpec) -> None:
        name, low = setting.parameter.name, setting.support(0.0)[0]
        link, mass = _carrier(name, robot)
        mass *= min((s.support(1.0)[0] for s in self.settings if s.parameter.name == SCALE), default=1.0)
        if mass + low <= 0.0:
            raise DomainError(
                f"{setting.where}: {name}: {low:g} kg would leave nothing of {robot.name}'s {link!r}, "
                f"which weighs {mass:g} kg."
            )

    def draw(self, robot: RobotSpec, rng: np.random.Generator, level: float = 1.0) -> Draw:
        """Draw every parameter: a pure function of `rng`'s state and the curricula's level in [0, 1]."""
        nominal = Draw({name: _nominal(parameter, robot) for name, parameter in PARAMETERS.items()})
        return self.redraw(nominal, self.settings, robot, rng, level)

    def redraw(
        self,
        kept: Draw,
        settings: Iterable[Setting],
        robot: RobotSpec,
        rng: np.random.Generator,
        level: float = 1.0,
    ) -> Draw:
        """Draw these of the domain's settings anew, and keep what else was drawn."""
        values = dict(kept.values)
        factors: dict[str, float] = {}
        for setting in settings:
            nominal = _nominal(setting.parameter, robot)
            value = values[setting.parameter.name].copy()
            for i in [_index(setting, robot)] if setting.component else np.ndindex(value.shape):
                value[i] = setting.draw(float(nominal[i]), rng, factors, level)
            values[setting.parameter.name] = value
        return Draw(values)

    @property
    def has_curriculum(self) -> bool:
        """Whether anything in it becomes harder with success."""
        return any(isinstance(setting.distribution, Curriculum) for setting in self.settings)

    @property
    def is_widened(self) -> bool:
        """Whether anything in it is drawn from a part of its range that training widens."""
        return any(setting.shape is not None for setting in self.settings)

    @property
    def engine_name(self) -> Engine:
        return cast(Engine, self.engine)


def _check_room(setting: Setting) -> None:
    """Refuse a wall that could stand in the robot; 0, no wall, is fine."""
    low, high = setting.support(0.0)
    if (low, high) != (0.0, 0.0) and low < NEAREST_WALL and high > -NEAREST_WALL:
        raise DomainError(
            f"{setting.where}: {setting.parameter.name}: [{low:g}, {high:g}] m comes nearer to the start "
            f"than {NEAREST_WALL:g} m; 0 alone is no wall."
        )


def _check_needs(setting: Setting, robot: RobotSpec) -> None:
    needs = setting.parameter.needs
    has = {"floating base": robot.floating_base, "tool": robot.tool is not None, "": True}
    name = setting.parameter.name
    if not any(has[need] for need in needs.split(" or a ")):
        raise DomainError(f"{setting.where}: {name} needs a {needs}, which {robot.name} lacks.")
    axes = PLANAR_AXES.get(name, AXES) if robot.base == "planar" else AXES
    if setting.parameter.scope == "axis" and setting.component not in (*axes, None if axes == AXES else ""):
        got = setting.component or "all axes"
        raise DomainError(
            f"{setting.where}: {name}: {robot.name}'s base is planar; give {' or '.join(axes)}, got {got}."
        )


def _joint_names(robot: RobotSpec) -> tuple[str, ...]:
    return tuple(joint.name for joint in robot.joints)


def _index(setting: Setting, robot: RobotSpec) -> int:
    """Which of its parameter's numbers a setting with a component means."""
    return setting.parameter.components(_joint_names(robot)).index(str(setting.component))


def _carrier(name: str, robot: RobotSpec) -> tuple[str, float]:
    """The link that a mass offset is added to, and its nominal mass, kg."""
    urdf = facts(robot)
    link = robot.tool.link if robot.tool and name == "tool_mass_offset" else urdf.base
    return link, urdf.links[link].mass


def _nominal(parameter: Parameter, robot: RobotSpec) -> Array:
    if parameter.nominal is None:
        return np.array(getattr(robot, parameter.name), dtype=float)
    if parameter.scope == "scalar":
        return np.array(parameter.nominal)
    return np.full(len(robot.joints) if parameter.scope == "joint" else 3, parameter.nominal)
