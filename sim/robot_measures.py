"""What an engine says of a robot in its default pose: where it touches the ground, where its weight is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contract.errors import TerrafirmaError
from sim.engines.bullet import pybullet
from sim.robots.model import model_file
from sim.robots.spec import RobotSpec


@dataclass(frozen=True)
class Measures:
    """Of a robot whose base is at the origin."""

    lowest: dict[str, float]  # height (m) of the lowest point of each link that collides
    center: tuple[float, float, float]  # m, of all masses
    mass: float  # kg


def measure(spec: RobotSpec) -> Measures:
    """Load the robot into PyBullet, in its default pose.

    Raises:
        TerrafirmaError: PyBullet cannot load it.
    """
    client = pybullet.connect(pybullet.DIRECT)
    try:
        with model_file(spec, planar_joints=False) as path:
            body = pybullet.loadURDF(str(path), physicsClientId=client)  # fixed, its base has no mass
        return _measured(spec, body, client)
    except pybullet.error as error:
        raise TerrafirmaError(f"{spec.urdf}: PyBullet cannot load it ({error}).") from error
    finally:
        pybullet.disconnect(physicsClientId=client)


def _measured(spec: RobotSpec, body: int, client: int) -> Measures:
    defaults = {joint.name: joint.default_position for joint in spec.joints}
    infos = [
        pybullet.getJointInfo(body, i, physicsClientId=client)
        for i in range(pybullet.getNumJoints(body, physicsClientId=client))
    ]
    for i, info in enumerate(infos):
        if info[1].decode() in defaults:
            pybullet.resetJointState(body, i, defaults[info[1].decode()], physicsClientId=client)
    lowest, masses, centers = {}, [], []
    for i in range(-1, len(infos)):
        masses.append(pybullet.getDynamicsInfo(body, i, physicsClientId=client)[0])
        if i < 0:
            centers.append(pybullet.getBasePositionAndOrientation(body, physicsClientId=client)[0])
            continue
        state = pybullet.getLinkState(body, i, computeForwardKinematics=True, physicsClientId=client)
        centers.append(state[0])
        if pybullet.getCollisionShapeData(body, i, physicsClientId=client):
            name = infos[i][12].decode()
            lowest[name] = float(pybullet.getAABB(body, i, physicsClientId=client)[0][2])
    x, y, z = np.average(centers, axis=0, weights=masses).tolist() if sum(masses) else (0.0, 0.0, 0.0)
    return Measures(lowest, (x, y, z), float(sum(masses)))
