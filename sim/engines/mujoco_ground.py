"""What stands still in a MuJoCo world: the floor, and where a domain uses them terrain and a wall."""

from __future__ import annotations

import numpy as np

from contract.state import Array
from sim import terrain
from sim.engines.mujoco_library import mujoco
from sim.ground import NOWHERE, WALL_HALF_SIZE, Ground

FLOOR, FIELD, WALL = "floor", "terrain", "wall"
BASE = 0.1  # m, thickness of the field below its lowest point


def add_ground(spec: mujoco.MjSpec, ground: Ground) -> None:
    """Add it to a robot's model; friction is the maximum of both surfaces, so all here have 0."""
    depth = terrain.DEPTH if ground.terrain else 0.0
    floor = spec.worldbody.add_geom(
        name=FLOOR, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1], pos=[0, 0, -depth - ground.below]
    )
    geoms = [floor]
    if ground.terrain:
        size = [terrain.HALF, terrain.HALF, 2.0 * depth, BASE]
        spec.add_hfield(
            name=FIELD,
            nrow=terrain.NODES,
            ncol=terrain.NODES,
            size=size,
            userdata=np.zeros(terrain.NODES**2, np.float32).tolist(),
        )
        geoms.append(
            spec.worldbody.add_geom(
                name=FIELD, type=mujoco.mjtGeom.mjGEOM_HFIELD, hfieldname=FIELD, pos=[0, 0, -depth]
            )
        )
    if ground.wall:
        # a body of its own: MuJoCo does not look again where the geoms of one body are
        body = spec.worldbody.add_body(name=WALL, pos=[NOWHERE, 0, 0])
        geoms.append(body.add_geom(name=WALL, type=mujoco.mjtGeom.mjGEOM_BOX, size=WALL_HALF_SIZE))
    for geom in geoms:
        geom.contype, geom.conaffinity = 0, 1
        geom.friction[0] = 0.0


class MujocoGround:
    """The ground of a compiled model."""

    def __init__(self, model: mujoco.MjModel, ground: Ground) -> None:
        self._model = model
        names = [FLOOR, *([FIELD] if ground.terrain else [])]
        self.geoms = np.zeros(model.ngeom, bool)  # which a foot can stand on
        self.geoms[[model.geom(name).id for name in names]] = True
        self._wall = model.body(WALL).id if ground.wall else None
        self.robot_geoms = np.flatnonzero((model.geom_bodyid != 0) & (model.geom_bodyid != self._wall))
        if ground.terrain:
            self.shape(np.zeros((terrain.NODES, terrain.NODES)))

    def shape(self, heights: Array) -> None:
        """Give the terrain these heights; MuJoCo keeps them as parts of the whole range."""
        self._model.hfield_data[:] = (heights.ravel() + terrain.DEPTH) / (2.0 * terrain.DEPTH)

    def move_wall(self, x: float) -> None:
        """Put the middle of the wall at `x` m."""
        if self._wall is not None:
            self._model.body_pos[self._wall, 0] = x
