"""Rotations: quaternions xyzw (base in world), matrices (3, 3), URDF roll-pitch-yaw in radians."""

from __future__ import annotations

import math

import numpy as np

from contract.state import Array


def rpy_matrix(rpy: tuple[float, float, float]) -> Array:
    """Rotation matrix Rz(yaw) Ry(pitch) Rx(roll), as URDF defines it."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(rpy), np.sin(rpy)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def quaternion_matrix(xyzw: Array) -> Array:
    """Rotation matrix of a unit quaternion: columns are the body axes in the world."""
    x, y, z, w = xyzw.tolist()  # plain floats are several times faster than numpy's
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def projected_gravity(xyzw: Array) -> Array:
    """Unit gravity direction in the body frame: (0, 0, -1) when upright."""
    x, y, z, w = xyzw.tolist()
    return np.array([2 * (w * y - x * z), -2 * (y * z + w * x), 2 * (x * x + y * y) - 1])


def tilt(xyzw: Array) -> float:
    """Angle between the body's z axis and the vertical, rad."""
    x, y = xyzw[:2].tolist()
    return math.acos(min(max(1 - 2 * (x * x + y * y), -1.0), 1.0))
