"""What the simulator has to know of a robot beyond its URDF."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contract.record import Gait, Joint, Kinematics

Vector = tuple[float, float, float]
Base = Literal["fixed", "floating", "planar"]


@dataclass(frozen=True)
class Tool:
    """The point that a manipulation task moves: an offset in a link's frame, m."""

    link: str
    offset: Vector


@dataclass(frozen=True)
class Loop:
    """A ball joint between two links, which a tree of joints cannot express; points in link frames, m."""

    first: str
    first_point: Vector
    second: str
    second_point: Vector


@dataclass(frozen=True)
class Box:
    """A box that replaces a link's collision shapes; edge lengths and centre in m, link frame."""

    link: str
    size: Vector
    center: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class RobotSpec:
    """One robot: model file, actuators, default pose, and where its constants come from.

    A planar base moves along x and z and turns about y, as the planar walkers of the literature do.
    The URDF has no joints for it: the engines add them between the world and the root link.
    """

    name: str
    urdf: Path
    joints: tuple[Joint, ...]
    joint_damping: tuple[float, ...]  # N·m·s/rad, of the passive joint
    joint_armature: tuple[float, ...]  # kg·m², rotor inertia as felt behind the gear
    base: Base
    base_height: float  # m above the ground in the default pose
    feet: tuple[str, ...] = ()
    tool: Tool | None = None
    redundant: tuple[str, ...] = ()  # joints that reaching a point does not need
    kinematics: Kinematics | None = None
    gait: Gait | None = None
    gravity_compensated: bool = False  # the robot's own controller carries its nominal weight
    locked: tuple[tuple[str, float], ...] = ()  # joints welded at a position, rad or m
    unactuated: tuple[tuple[str, float], ...] = ()  # free joints and where a reset puts them, rad
    loops: tuple[Loop, ...] = ()
    boxes: tuple[Box, ...] = ()
    intangible: tuple[str, ...] = ()  # links that lose their collision shapes
    inertia_from_shapes: bool = False  # instead of the file's inertias
    mass_scale: float = 1.0  # factor on the file's masses and inertias
    friction_hardness: float = 1.0  # 1; how hard MuJoCo holds feet against slow slipping (its impratio)
    stable_damping: float = math.inf  # N·m·s/rad of a joint, above which Bullet's steps are unstable
    solver_iterations: int = 20  # of Bullet a step; closed linkages need more
    time_step: float = 0.0025  # s
    source: str = ""

    @property
    def floating_base(self) -> bool:
        """Whether the base moves, so that it carries an IMU."""
        return self.base != "fixed"
