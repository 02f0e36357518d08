"""Quaternions xyzw as the simulator needs them beyond `contract.rotation`."""

from __future__ import annotations

import math

import numpy as np

from contract.state import Array


def product(first: Array, second: Array) -> Array:
    """Hamilton product (4,) xyzw: `second` in the frame that `first` turns to."""
    x, y, z, w = first.tolist()  # plain floats are several times faster than numpy's
    a, b, c, d = second.tolist()
    return np.array(
        [
            x * d + w * a + y * c - z * b,
            y * d + w * b + z * a - x * c,
            z * d + w * c + x * b - y * a,
            w * d - x * a - y * b - z * c,
        ]
    )


def from_vector(rotation: Array) -> Array:
    """Unit quaternion of a rotation vector (3,) rad."""
    angle = float(np.linalg.norm(rotation))
    half = 0.5 * angle
    return np.array([*(rotation * (np.sin(half) / angle if angle else 0.5)), np.cos(half)])


def nudged(xyzw: Array, rotation: Array) -> Array:
    """Turned by a small rotation vector (rad, body frame), to first order, renormalised."""
    turned = product(xyzw, np.array([*(rotation / 2.0), 1.0]))
    return np.asarray(turned / math.sqrt(float(turned @ turned)))
