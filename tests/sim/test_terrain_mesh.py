"""Pictures show the terrain that robots stand on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from sim import terrain
from sim.rendering import Pose, Renderer
from sim.robots import load_robot
from sim.terrain_mesh import SHADES, triangles

A1 = load_robot("a1")
FLAT = np.zeros((terrain.NODES, terrain.NODES))


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    made = Renderer(A1, 80, 60)
    yield made
    made.close()


def standing(x: float, y: float, heights: np.ndarray | None) -> Pose:
    joints = np.array([joint.default_position for joint in A1.joints])
    return Pose(np.array([x, y, 0.3]), np.array([0.0, 0.0, 0.0, 1.0]), joints, terrain=heights)


def test_the_shades_share_the_field() -> None:
    """Each cell is two triangles of one shade, and they lie on the field."""
    heights = terrain.heights(0.05, np.random.default_rng(0))[50:71, 60:76]
    grid = np.meshgrid(terrain.AXIS[60:76], terrain.AXIS[50:71])
    parts = [triangles(np.stack([*grid, heights], axis=-1), shade) for shade in range(len(SHADES))]
    faces = np.concatenate(parts)
    assert len(faces) == 2 * 20 * 15
    assert all(len(part) > 0.3 * len(faces) for part in parts)
    up = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])[:, 2]
    assert up == pytest.approx(terrain.CELL**2)
    known = {(round(x, 6), round(y, 6)): z for x, y, z in np.stack([*grid, heights], axis=-1).reshape(-1, 3)}
    assert all(known[round(x, 6), round(y, 6)] == z for x, y, z in faces.reshape(-1, 3))


def test_a_picture_shows_the_field_of_its_moment(renderer: Renderer) -> None:
    hills = terrain.heights(0.1, np.random.default_rng(0))
    first, flat, again = (renderer.frame(standing(3.0, 2.0, field)) for field in (hills, FLAT, hills))
    assert np.array_equal(first, again)
    assert (first != flat).any(axis=2).mean() > 0.1


def test_a_robot_beyond_the_field_is_shown_on_the_plane(renderer: Renderer) -> None:
    inside, outside = (renderer.frame(standing(x, 0.0, FLAT)) for x in (0.0, terrain.HALF + 20.0))
    assert outside.std() > 10.0
    assert not np.array_equal(inside, outside)
