"""What physics leaves behind, step by step: the memory from which late sensors read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.state import Array

BASE_NUMBERS = 13  # position 3, orientation 4, linear velocity 3, angular velocity 3


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


class Motion:
    """The last `slots` states of one robot or of several, in a ring over physics steps.

    Leading axes come first: (slots, ...) for one robot, (robots, slots, ...) for several. The state
    at the end of physics step s is in slot s % slots. Units: rad, rad/s, N·m; the base's as in
    `BaseMotion`. One block of memory, so that an engine can fill it without Python.
    """

    def __init__(self, block: Array) -> None:
        self.block = block  # (..., slots, 3 n + BASE_NUMBERS)
        self.slots = block.shape[-2]
        n = (block.shape[-1] - BASE_NUMBERS) // 3
        self.joint_position, self.joint_velocity, self.torque = (
            block[..., i * n : (i + 1) * n] for i in range(3)
        )
        base = block[..., 3 * n :]
        self.position, self.orientation = base[..., :3], base[..., 3:7]
        self.linear_velocity, self.angular_velocity = base[..., 7:10], base[..., 10:]

    @classmethod
    def of(cls, robots: int, joints: int, slots: int) -> Motion:
        """Memory for several robots."""
        return cls(np.zeros((robots, slots, 3 * joints + BASE_NUMBERS)))

    def robot(self, row: int) -> Motion:
        """The part of one robot; shares its memory."""
        return Motion(self.block[row])

    def put_joints(self, step: int, position: Array, velocity: Array, torque: Array) -> None:
        """Store the joints of one robot, each (n,)."""
        slot = step % self.slots
        self.joint_position[slot] = position
        self.joint_velocity[slot] = velocity
        self.torque[slot] = torque

    def put_base(self, step: int, base: BaseMotion) -> None:
        """Store the base of one robot."""
        slot = step % self.slots
        self.position[slot] = base.position
        self.orientation[slot] = base.orientation
        self.linear_velocity[slot] = base.linear_velocity
        self.angular_velocity[slot] = base.angular_velocity
