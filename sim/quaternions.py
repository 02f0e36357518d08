"""Quaternions xyzw as the simulator needs them beyond `contract.rotation`.

All take leading axes (..., 4), one for each of many robots; a factor may also be a single one for all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from contract.rotation import components
from contract.state import Array


def product(first: Array, second: Array) -> Array:
    """Hamilton products (..., 4) xyzw: `second` in the frame that `first` turns to."""
    return np.array(_product(components(first), components(second))).T


def from_vector(rotation: Array) -> Array:
    """Unit quaternions (..., 4) of rotation vectors (..., 3) rad."""
    angle = np.linalg.norm(rotation, axis=-1, keepdims=True)
    half_sine = 0.5 * np.sinc(0.5 * angle / np.pi)  # of half the angle, over the angle
    return np.concatenate([rotation * half_sine, np.cos(0.5 * angle)], axis=-1)


def nudged(xyzw: Array, rotation: Array) -> Array:
    """Turned by small rotation vectors (..., 3) rad, body frame, to first order, renormalised."""
    x, y, z, w = _product(components(xyzw), [*components(rotation / 2.0), 1.0])
    norm = (x * x + y * y + z * z + w * w) ** 0.5
    return np.array([x / norm, y / norm, z / norm, w / norm]).T


def _product(first: list[Any], second: list[Any]) -> list[Any]:
    (x, y, z, w), (a, b, c, d) = first, second
    return [
        x * d + w * a + y * c - z * b,
        y * d + w * b + z * a - x * c,
        z * d + w * c + x * b - y * a,
        w * d - x * a - y * b - z * c,
    ]
