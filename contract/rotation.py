"""Rotations: quaternions xyzw (base in world), matrices (3, 3), URDF roll-pitch-yaw in radians.

Quaternions may have leading axes (..., 4), one for each of many robots.
"""

from __future__ import annotations

from typing import Any

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


def components(vectors: Array) -> list[Any]:
    """The k entries of vectors (..., k), each an array of the leading axes in reverse.

    `np.array` of what is calculated from them has its axes in order again once transposed. A single
    vector gives plain floats, which are several times faster than numpy's.
    """
    return vectors.tolist() if vectors.ndim == 1 else list(vectors.T)


def quaternion_matrix(xyzw: Array) -> Array:
    """Rotation matrices (..., 3, 3) of unit quaternions (..., 4): columns are the body axes in the world."""
    x, y, z, w = components(xyzw)
    columns = [
        [1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)],
        [2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w)],
        [2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.array(columns).T


def projected_gravity(xyzw: Array) -> Array:
    """Unit gravity directions (..., 3) in the body frames: (0, 0, -1) when upright."""
    x, y, z, w = components(xyzw)
    return np.array([2 * (w * y - x * z), -2 * (y * z + w * x), 2 * (x * x + y * y) - 1]).T


def tilt(xyzw: Array) -> Array:
    """Angles (...) between the body's z axis and the vertical, rad."""
    x, y, _, _ = components(xyzw)
    return np.asarray(np.arccos(np.minimum(np.maximum(1 - 2 * (x * x + y * y), -1.0), 1.0)).T)[()]
