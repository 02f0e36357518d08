"""What a physics engine has to offer; two implement it, and everything else speaks only this."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from contract.state import Array
from sim.domains.domain import Draw


@dataclass
class BaseMotion:
    """The base link's true motion; orientation xyzw, all vectors in the world frame."""

    position: Array  # (3,) m
    orientation: Array  # (4,) xyzw
    linear_velocity: Array  # (3,) m/s
    angular_velocity: Array  # (3,) rad/s


@dataclass(frozen=True)
class StartMotion:
    """How a robot starts that does not start upright and at rest."""

    orientation: Array  # (4,) xyzw, of the base
    linear_velocity: Array  # (3,) m/s, of the base, world
    joint_velocity: Array  # (n,) rad/s


def planar_motion(position: Array, velocity: Array) -> BaseMotion:
    """Motion of a planar base from its joints: x, z (m) and pitch (rad), each (3,), and their rates."""
    (x, z, pitch), (along, up, turning) = position, velocity
    return BaseMotion(
        np.array([x, 0.0, z]),
        np.array([0.0, np.sin(pitch / 2.0), 0.0, np.cos(pitch / 2.0)]),
        np.array([along, 0.0, up]),
        np.array([0.0, turning, 0.0]),
    )


def pitch_of(xyzw: Sequence[float]) -> float:
    """Angle (rad) of a rotation about y."""
    return 2.0 * math.atan2(xyzw[1], xyzw[3])


class Engine(Protocol):
    """One robot on a plane, or on terrain. Joint arrays are in the order of the robot's joints.

    `joint_position` (n,) rad and `joint_velocity` (n,) rad/s are refreshed by `reset` and `step`.
    """

    joint_position: Array
    joint_velocity: Array

    def apply(self, draw: Draw) -> None:
        """Set masses, friction, damping and gravity; call before `reset`.

        Within an episode it changes them on the fly; only `base_center_offset` must then stay.
        A wall moves at the next `reset`.
        """
        ...

    def shape_ground(self, heights: Array) -> None:
        """Give the terrain these heights, as `sim.terrain.heights` makes them; call before `reset`.

        Needs a ground with terrain.
        """
        ...

    def reset(self, joint_position: Array, base_height: float, motion: StartMotion | None = None) -> None:
        """Place the robot over the origin; upright and at rest unless `motion` says otherwise."""
        ...

    def step(self, torque: Array) -> None:
        """Advance one time step under joint torques (n,) N·m."""
        ...

    def kick(self, velocity: Array) -> None:
        """Add a velocity (3,) m/s, world, to a floating base and all that hangs on it."""
        ...

    def pull(self, force: Array | None) -> None:
        """A force (3,) N, world, on a floating base or else on the tool's link; None: no longer.

        It acts at the link's centre of mass until changed; `reset` ends it.
        """
        ...

    def base(self) -> BaseMotion: ...

    def tool_position(self) -> Array:
        """True tool point (3,) m in the world; needs a robot with a tool."""
        ...

    def foot_contacts(self) -> Array:
        """1.0 for each foot that touches the ground, else 0.0; (feet,)."""
        ...

    def place_object(self, position: Array, velocity: Array) -> None:
        """Put the scene's object upright to `position` (3,) m with `velocity` (3,) m/s, world.

        For the start of an episode, after `reset`; needs a scene, as `object_pose` does.
        """
        ...

    def object_pose(self) -> tuple[Array, Array]:
        """True position (3,) m of the object's centre and orientation (4,) xyzw, in the world."""
        ...

    def close(self) -> None: ...
