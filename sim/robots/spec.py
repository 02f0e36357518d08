"""What the simulator has to know of a robot beyond its URDF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contract.record import Gait, Joint, Kinematics


@dataclass(frozen=True)
class Tool:
    """The point that a manipulation task moves: an offset in a link's frame, m."""

    link: str
    offset: tuple[float, float, float]


@dataclass(frozen=True)
class RobotSpec:
    """One robot: model file, actuators, default pose, and where its constants come from."""

    name: str
    urdf: Path
    joints: tuple[Joint, ...]
    joint_damping: tuple[float, ...]  # N·m·s/rad, of the passive joint
    joint_armature: tuple[float, ...]  # kg·m², rotor inertia as felt behind the gear
    floating_base: bool
    base_height: float  # m above the ground in the default pose
    feet: tuple[str, ...] = ()
    tool: Tool | None = None
    redundant: tuple[str, ...] = ()  # joints that reaching a point does not need
    kinematics: Kinematics | None = None
    gait: Gait | None = None
    gravity_compensated: bool = False  # the robot's own controller carries its nominal weight
    time_step: float = 0.0025  # s
    source: str = ""
