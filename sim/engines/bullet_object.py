"""The one object of a scene in a PyBullet client."""

from __future__ import annotations

import numpy as np

from contract.state import Array
from sim.domains.domain import Draw
from sim.engines.bullet import pybullet
from sim.scene import SceneObject


class BulletObject:
    """Made before the robot, so that the engine's saved state contains it.

    Bullet solves the contacts of a flat bottom one after the other, so that an object's slide along neither
    axis veers off by up to 0.12 rad; its length is right.
    """

    def __init__(self, client: int, thing: SceneObject) -> None:
        self._client, self._thing = client, thing
        width, depth, height = thing.size
        if thing.shape == "box":
            edges = [width / 2, depth / 2, height / 2]
            shape = pybullet.createCollisionShape(
                pybullet.GEOM_BOX, halfExtents=edges, physicsClientId=client
            )
        else:
            shape = pybullet.createCollisionShape(
                pybullet.GEOM_CYLINDER, radius=width / 2, height=height, physicsClientId=client
            )
        self._body = pybullet.createMultiBody(
            thing.mass, shape, basePosition=[0.0, 0.0, height / 2], physicsClientId=client
        )
        pybullet.changeDynamics(self._body, -1, linearDamping=0.0, angularDamping=0.0, physicsClientId=client)

    def apply(self, draw: Draw, robot: int) -> None:
        """Set the friction of object and `robot`, a body.

        A contact's friction is the product of both surfaces', so that the robot's has to be 1.
        """
        c = self._client
        for link in range(-1, pybullet.getNumJoints(robot, physicsClientId=c)):
            pybullet.changeDynamics(robot, link, lateralFriction=1.0, physicsClientId=c)
        pybullet.changeDynamics(
            self._body,
            -1,
            lateralFriction=self._thing.friction * draw.scalar("ground_friction"),
            restitution=draw.scalar("ground_restitution"),
            physicsClientId=c,
        )

    def place(self, position: Array, velocity: Array) -> None:
        """Upright, its centre at `position` (3,) m with `velocity` (3,) m/s, both in the world."""
        c, upright = self._client, [0.0, 0.0, 0.0, 1.0]
        pybullet.resetBasePositionAndOrientation(self._body, position.tolist(), upright, physicsClientId=c)
        pybullet.resetBaseVelocity(self._body, velocity.tolist(), [0.0, 0.0, 0.0], physicsClientId=c)

    def pose(self) -> tuple[Array, Array]:
        """Position (3,) m of the centre and orientation (4,) xyzw, in the world."""
        position, turned = pybullet.getBasePositionAndOrientation(self._body, physicsClientId=self._client)
        return np.array(position), np.array(turned)
