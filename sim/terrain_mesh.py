"""Terrain as a picture shows it: a mesh of the part around a robot, in squares of two shades."""

from __future__ import annotations

import numpy as np

from contract.state import Array
from sim import terrain
from sim.engines.bullet import pybullet

RADIUS = 6.0  # m, of the part that is drawn
SHADES = ([0.55, 0.63, 0.7, 1.0], [0.7, 0.77, 0.82, 1.0])
SQUARE = 3  # cells along each side


class TerrainMesh:
    """What a PyBullet `client` shows of a field of heights; it moves along with the robot."""

    def __init__(self, client: int) -> None:
        self._client = client
        self._bodies: list[int] = []
        self._shown: tuple[Array, int, int] | None = None

    def show(self, field: Array, x: float, y: float) -> None:
        """Draw the field around a point (m), unless it is drawn already."""
        step = round(RADIUS / terrain.CELL / 2)
        nodes = np.clip((np.array([y, x]) + terrain.HALF) / terrain.CELL, 0, terrain.CELLS)
        row, column = (round(node / step) * step for node in nodes.tolist())
        if self._shown is not None and self._shown[0] is field and self._shown[1:] == (row, column):
            return
        self._shown = field, row, column
        for body in self._bodies:
            pybullet.removeBody(body, physicsClientId=self._client)
        reach = 2 * step
        rows, columns = (slice(max(0, at - reach), at + reach + 1) for at in (row, column))
        points = np.stack([*np.meshgrid(terrain.AXIS[columns], terrain.AXIS[rows]), field[rows, columns]], -1)
        self._bodies = [self._body(points, shade) for shade in range(len(SHADES))]

    def _body(self, points: Array, shade: int) -> int:
        """One of the shades, as a body; `points` (rows, columns, 3) m."""
        faces = triangles(points, shade)
        normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        shape = pybullet.createVisualShape(
            pybullet.GEOM_MESH,
            vertices=faces.reshape(-1, 3).tolist(),
            indices=list(range(3 * len(faces))),
            normals=np.repeat(normals, 3, axis=0).tolist(),
            rgbaColor=SHADES[shade],
            physicsClientId=self._client,
        )
        body: int = pybullet.createMultiBody(baseVisualShapeIndex=shape, physicsClientId=self._client)
        return body


def triangles(points: Array, shade: int) -> Array:
    """Those (k, 3 corners, 3) m of the squares of one shade, of a grid of points (rows, columns, 3)."""
    square = points[:, :, :2] // (SQUARE * terrain.CELL)
    chosen = (square[:-1, :-1].sum(axis=2) % len(SHADES)) == shade
    a, b = points[:-1, :-1][chosen], points[:-1, 1:][chosen]
    c, d = points[1:, 1:][chosen], points[1:, :-1][chosen]
    return np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
