"""Quaternions against the rotation matrices that they stand for, one and many at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.rotation import quaternion_matrix
from contract.state import Array
from sim.quaternions import from_vector, nudged, product

Shape = tuple[int, ...]
seeds, shapes = st.integers(0, 2**32 - 1), st.sampled_from([(), (1,), (4,), (2, 3)])


def unit(rng: np.random.Generator, shape: Shape) -> Array:
    quaternions = rng.normal(size=(*shape, 4))
    return np.asarray(quaternions / np.linalg.norm(quaternions, axis=-1, keepdims=True))


@given(seed=seeds, shape=shapes, single=st.sampled_from(["neither", "first", "second"]))
def test_a_product_turns_by_one_after_the_other(seed: int, shape: Shape, single: str) -> None:
    """A factor may be the same for all."""
    rng = np.random.default_rng(seed)
    first, second = (unit(rng, () if single == name else shape) for name in ("first", "second"))
    found = product(first, second)
    assert found.shape == (*shape, 4)
    expected = quaternion_matrix(first) @ quaternion_matrix(second)
    np.testing.assert_allclose(quaternion_matrix(found), expected, atol=1e-12)


@given(seed=seeds, shape=shapes)
def test_a_vector_is_the_axis_times_the_angle(seed: int, shape: Shape) -> None:
    """Rodrigues: a vector turns to v cos + (k x v) sin + k (k . v) (1 - cos)."""
    rng = np.random.default_rng(seed)
    rotation, vector = rng.uniform(-2.0, 2.0, (2, *shape, 3))
    angle = np.linalg.norm(rotation, axis=-1, keepdims=True)
    axis, cosine = rotation / angle, np.cos(angle)
    along = np.sum(axis * vector, axis=-1, keepdims=True)
    expected = vector * cosine + np.cross(axis, vector) * np.sin(angle) + axis * along * (1 - cosine)
    found = (quaternion_matrix(from_vector(rotation)) @ vector[..., None])[..., 0]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_no_rotation(shape: Shape) -> None:
    still = np.zeros((*shape, 3))
    np.testing.assert_array_equal(from_vector(still), np.broadcast_to([0.0, 0.0, 0.0, 1.0], (*shape, 4)))
    quaternions = unit(np.random.default_rng(0), shape)
    np.testing.assert_allclose(nudged(quaternions, still), quaternions, atol=1e-15)


@given(seed=seeds, shape=shapes)
def test_a_nudge_is_a_small_turn(seed: int, shape: Shape) -> None:
    rng = np.random.default_rng(seed)
    quaternions, small = unit(rng, shape), rng.uniform(-1e-4, 1e-4, (*shape, 3))
    found = nudged(quaternions, small)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0, atol=1e-12)
    np.testing.assert_allclose(found, product(quaternions, from_vector(small)), atol=1e-12)
