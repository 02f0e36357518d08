"""What stands still in a PyBullet world: the plane, and where a domain uses them terrain and a wall."""

from __future__ import annotations

import numpy as np
import pybullet_data

from contract.state import Array
from sim import terrain
from sim.engines.bullet import pybullet
from sim.ground import NOWHERE, WALL_HALF_SIZE, Ground

# Bullet centres a field between its lowest and its highest point, and keeps to that when heights change
FULL_RANGE = np.zeros((terrain.NODES, terrain.NODES))
FULL_RANGE[0, :2] = -terrain.DEPTH, terrain.DEPTH


class BulletGround:
    """Friction and restitution of a contact are the product of both surfaces', so all here have 1."""

    def __init__(self, client: int, ground: Ground) -> None:
        self._client = client
        plane = f"{pybullet_data.getDataPath()}/plane.urdf"
        flags = pybullet.URDF_IGNORE_VISUAL_SHAPES
        depth = ground.below + (terrain.DEPTH if ground.terrain else 0.0)
        self.plane = pybullet.loadURDF(plane, [0, 0, -depth], flags=flags, physicsClientId=client)
        self.bodies = [self.plane]  # what a foot stands on
        self._placed: dict[int, float] = {}  # other bodies and where their middle is along x, m
        if ground.terrain:
            self._field = self._shape(FULL_RANGE)
            self.bodies.append(self._still(self._field))
            self._placed = {self.bodies[1]: 0.0}
        self._wall = None
        if ground.wall:
            box = pybullet.createCollisionShape(
                pybullet.GEOM_BOX, halfExtents=WALL_HALF_SIZE, physicsClientId=client
            )
            self._wall = self._still(box)
            self._placed[self._wall] = NOWHERE
        for body in {self.plane, *self._placed}:
            pybullet.changeDynamics(body, -1, lateralFriction=1.0, restitution=1.0, physicsClientId=client)

    def shape(self, heights: Array) -> None:
        """Give the terrain these heights."""
        self._shape(heights, self._field)

    def move_wall(self, x: float) -> None:
        """Where the middle of the wall is from the next `place` on, m."""
        if self._wall is not None:
            self._placed[self._wall] = x

    def withdraw(self) -> None:
        """Take everything but the plane away, for a state that is to be restored.

        Contacts in it would last: Bullet keeps those with a field until they part along their normal, and a
        robot that is loaded within the ground has them on the wrong side of its triangles.
        """
        for body in self._placed:
            self._move(body, NOWHERE)

    def place(self) -> None:
        """Put everything where it belongs, after a state was restored."""
        for body, x in self._placed.items():
            self._move(body, x)

    def _move(self, body: int, x: float) -> None:
        pybullet.resetBasePositionAndOrientation(body, [x, 0, 0], [0, 0, 0, 1], physicsClientId=self._client)

    def _still(self, shape: int) -> int:
        body: int = pybullet.createMultiBody(0, shape, physicsClientId=self._client)
        return body

    def _shape(self, heights: Array, replaced: int = -1) -> int:
        shape: int = pybullet.createCollisionShape(
            pybullet.GEOM_HEIGHTFIELD,
            meshScale=[terrain.CELL, terrain.CELL, 1.0],
            heightfieldData=heights.ravel().tolist(),
            numHeightfieldRows=terrain.NODES,
            numHeightfieldColumns=terrain.NODES,
            replaceHeightfieldIndex=replaced,
            physicsClientId=self._client,
        )
        return shape
