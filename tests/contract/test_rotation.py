"""Rotations against references built another way: by quaternion products and by elementary turns."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import rotation
from contract.state import Array

angles = st.floats(-math.pi, math.pi)
vectors = st.tuples(*[st.floats(-1.0, 1.0)] * 3).map(np.array).filter(lambda v: np.linalg.norm(v) > 0.1)


def product(a: Array, b: Array) -> Array:
    """Hamilton product of quaternions xyzw."""
    vector = a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3])
    return np.array([*vector, a[3] * b[3] - a[:3] @ b[:3]])


def turn(axis: Array, angle: float) -> Array:
    """Quaternion xyzw of a rotation by `angle` rad about `axis`."""
    return np.array([*(np.sin(angle / 2) * axis / np.linalg.norm(axis)), np.cos(angle / 2)])


def rotate(quaternion: Array, vector: Array) -> Array:
    """q v q*, without any matrix."""
    conjugate = quaternion * np.array([-1.0, -1.0, -1.0, 1.0])
    return product(product(quaternion, np.array([*vector, 0.0])), conjugate)[:3]


@given(vectors, angles, vectors)
def test_quaternion_matrix_rotates_as_the_quaternion_does(axis: Array, angle: float, vector: Array) -> None:
    q = turn(axis, angle)
    np.testing.assert_allclose(rotation.quaternion_matrix(q) @ vector, rotate(q, vector), atol=1e-12)


@given(st.tuples(angles, angles, angles))
def test_rpy_is_yaw_after_pitch_after_roll(rpy: tuple[float, float, float]) -> None:
    x, y, z = np.eye(3)
    q = product(product(turn(z, rpy[2]), turn(y, rpy[1])), turn(x, rpy[0]))
    np.testing.assert_allclose(rotation.rpy_matrix(rpy), rotation.quaternion_matrix(q), atol=1e-12)


@given(vectors, angles)
def test_projected_gravity_is_the_world_s_down_in_the_body(axis: Array, angle: float) -> None:
    q = turn(axis, angle)
    down = rotation.quaternion_matrix(q).T @ np.array([0.0, 0.0, -1.0])
    np.testing.assert_allclose(rotation.projected_gravity(q), down, atol=1e-12)


@given(angles, angles)
def test_tilt_ignores_yaw(yaw: float, lean: float) -> None:
    q = product(turn(np.array([0.0, 0.0, 1.0]), yaw), turn(np.array([0.0, 1.0, 0.0]), lean))
    assert rotation.tilt(q) == pytest.approx(abs(lean), abs=1e-6)


def test_upright() -> None:
    upright = np.array([0.0, 0.0, 0.0, 1.0])
    np.testing.assert_array_equal(rotation.projected_gravity(upright), [0.0, 0.0, -1.0])
    assert rotation.tilt(upright) == 0.0


def test_nose_down_sees_gravity_ahead() -> None:
    """A positive pitch in REP-103 lowers the nose."""
    q = turn(np.array([0.0, 1.0, 0.0]), math.pi / 2)
    np.testing.assert_allclose(rotation.projected_gravity(q), [1.0, 0.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("shape", [(1,), (4,), (2, 3)])
@pytest.mark.parametrize("function", [rotation.quaternion_matrix, rotation.projected_gravity, rotation.tilt])
def test_many_at_once(function: Callable[[Array], Array], shape: tuple[int, ...]) -> None:
    quaternions = np.random.default_rng(0).normal(size=(*shape, 4))
    quaternions /= np.linalg.norm(quaternions, axis=-1, keepdims=True)
    found = function(quaternions)
    alone = {index: function(quaternions[index]) for index in np.ndindex(shape)}
    assert found.shape == (*shape, *np.shape(alone[(0,) * len(shape)]))
    for index, value in alone.items():
        np.testing.assert_allclose(found[index], value, atol=1e-12)
