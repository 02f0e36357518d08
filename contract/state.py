"""What a robot reports and what it is told, in contract joint order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass
class RobotState:
    """One reading of a robot's own sensors, and of an object that somebody else may see.

    Shapes: n joints in contract order. A fixed-base robot keeps the defaults of the IMU.
    """

    joint_position: Array  # (n,) rad
    joint_velocity: Array  # (n,) rad/s
    joint_effort: Array  # (n,) N·m
    orientation: Array = field(default_factory=lambda: np.array([0.0, 0.0, 0.0, 1.0]))  # xyzw, base in world
    gyro: Array = field(default_factory=lambda: np.zeros(3))  # rad/s, base frame
    accelerometer: Array = field(default_factory=lambda: np.array([0.0, 0.0, 9.81]))  # m/s², base frame
    stamp: int = 0  # ns
    object_position: Array | None = None  # (3,) m, its centre, base frame; None: nobody measures it

    def copy(self) -> RobotState:
        """A state that shares no memory with this one."""
        return RobotState(
            self.joint_position.copy(),
            self.joint_velocity.copy(),
            self.joint_effort.copy(),
            self.orientation.copy(),
            self.gyro.copy(),
            self.accelerometer.copy(),
            self.stamp,
            None if self.object_position is None else self.object_position.copy(),
        )

    def row(self, i: int) -> RobotState:
        """One robot of a state of several, whose arrays are (robots, ...); shares its memory."""
        fields = vars(self).items()
        return RobotState(**{k: v[i] if isinstance(v, np.ndarray) and v.ndim > 1 else v for k, v in fields})

    def is_finite(self) -> bool:
        """Whether every number that a policy may read is finite."""
        joints = (self.joint_position, self.joint_velocity, self.joint_effort)
        arrays = [*joints, self.orientation, self.gyro]
        if self.object_position is not None:
            arrays.append(self.object_position)
        return bool(np.isfinite(np.concatenate(arrays, axis=-1)).all())


@dataclass
class JointCommand:
    """PD set-points with feed-forward, in contract joint order.

    The robot applies kp (position - q) + kd (velocity - dq) + effort, with the contract's gains unless
    the command brings its own.
    """

    position: Array  # (n,) rad
    velocity: Array  # (n,) rad/s
    effort: Array  # (n,) N·m
    kp: Array | None = None  # (n,) N·m/rad; None: the contract's
    kd: Array | None = None  # (n,) N·m·s/rad; None: the contract's

    @classmethod
    def hold(cls, position: Array) -> JointCommand:
        """Stay at `position` (n,) rad."""
        return cls(position.copy(), np.zeros_like(position), np.zeros_like(position))

    def is_finite(self) -> bool:
        """Whether a motor may take it."""
        arrays = (self.position, self.velocity, self.effort, self.kp, self.kd)
        return all(bool(np.isfinite(array).all()) for array in arrays if array is not None)
