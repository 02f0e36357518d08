"""Rotations and inertias as robot description files write them."""

from __future__ import annotations

import numpy as np

from contract.state import Array

Vector = tuple[float, float, float]


def matrix_rpy(matrix: Array) -> Vector:
    """Roll, pitch, yaw (rad) with Rz(yaw) Ry(pitch) Rx(roll) = `matrix` (3, 3); URDF's convention."""
    pitch = float(np.arctan2(-matrix[2, 0], np.hypot(matrix[0, 0], matrix[1, 0])))
    if abs(np.cos(pitch)) < 1e-9:  # roll and yaw turn about the same axis
        return float(np.arctan2(-matrix[1, 2], matrix[1, 1])), pitch, 0.0
    roll = np.arctan2(matrix[2, 1], matrix[2, 2])
    return float(roll), pitch, float(np.arctan2(matrix[1, 0], matrix[0, 0]))


def axis_matrix(axis: Array, angle: float) -> Array:
    """Rotation matrix (3, 3) about `axis` (3,), of any length, by `angle` rad (Rodrigues)."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross))


def align_z(direction: Array) -> Vector:
    """Roll, pitch, yaw (rad) that turn the z axis to `direction` (3,)."""
    x, y, z = direction
    return 0.0, float(np.arctan2(np.hypot(x, y), z)), float(np.arctan2(y, x))


def numbers(text: str) -> Array:
    """The numbers of an attribute like "0 0 1"."""
    return np.array([float(part) for part in text.split()])


def text(values: Array | Vector) -> str:
    """The attribute of `values`, at full precision."""
    return " ".join(repr(float(value)) for value in values)
