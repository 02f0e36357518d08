"""Pictures of a robot's motion, whatever engine moved it.

PyBullet's TinyRenderer draws every frame from recorded poses: it needs no GPU, no display and
no system package. The physics in the picture is that of the engine that the poses came from.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pybullet_data
from numpy.typing import NDArray
from PIL import Image

from contract.state import Array
from sim.engines.bullet import pybullet
from sim.robots.closure import Closure
from sim.robots.model import model_file
from sim.robots.spec import RobotSpec
from sim.scene import Scene, SceneObject
from sim.terrain import DEPTH
from sim.terrain_mesh import TerrainMesh

Frame = NDArray[np.uint8]
CYLINDER_SIDES = 24


@dataclass(frozen=True)
class Pose:
    """One moment: base (3,) m, orientation (4,) xyzw, joints (n,) rad, and what else there is to see.

    That is an optional marker (3,) m, and a scene's object: position (3,) m and orientation (4,) xyzw.
    """

    base_position: Array
    base_orientation: Array
    joint_position: Array
    marker: Array | None = None
    terrain: Array | None = None  # heights of the ground in m, as `sim.terrain.heights` makes them
    object_pose: tuple[Array, Array] | None = None


class Renderer:
    """Draws `Pose`s of one robot; the camera follows a floating base.

    `close_up` fills the picture with the robot, instead of leaving it room to move.
    """

    def __init__(
        self,
        robot: RobotSpec,
        width: int = 320,
        height: int = 240,
        close_up: bool = False,
        scene: Scene | None = None,
    ) -> None:
        self._close_up = close_up
        self._robot, self._size = robot, (width, height)
        c = self._client = pybullet.connect(pybullet.DIRECT)
        self._plane = pybullet.loadURDF(f"{pybullet_data.getDataPath()}/plane.urdf", physicsClientId=c)
        self._terrain = TerrainMesh(c)
        with model_file(robot, planar_joints=False) as path:
            self._body = pybullet.loadURDF(str(path), useFixedBase=True, physicsClientId=c)
        infos = [
            pybullet.getJointInfo(self._body, i, physicsClientId=c)
            for i in range(pybullet.getNumJoints(self._body, physicsClientId=c))
        ]
        indices = {info[1].decode(): info[0] for info in infos}
        self._joints = [indices[joint.name] for joint in robot.joints]
        self._free = {name: indices[name] for name, _ in robot.unactuated}
        self._closure = Closure(robot)
        ball = pybullet.createVisualShape(
            pybullet.GEOM_SPHERE, radius=0.03, rgbaColor=[0.9, 0.1, 0.1, 1], physicsClientId=c
        )
        self._marker = pybullet.createMultiBody(
            baseVisualShapeIndex=ball, basePosition=[0, 0, -1], physicsClientId=c
        )
        self._object = self._add_object(scene) if scene else None
        self._projection = pybullet.computeProjectionMatrixFOV(45, width / height, 0.1, 10)
        self._middle, self._extent = self._measure()
        self._base_inertial = pybullet.getDynamicsInfo(self._body, -1, physicsClientId=c)[3:5]

    def frame(self, pose: Pose) -> Frame:
        """The picture (height, width, 3) of one pose."""
        c, (width, height) = self._client, self._size
        base = pybullet.multiplyTransforms(pose.base_position, pose.base_orientation, *self._base_inertial)
        pybullet.resetBasePositionAndOrientation(self._body, *base, physicsClientId=c)
        self._set_joints(pose.joint_position)
        if pose.marker is not None:
            pybullet.resetBasePositionAndOrientation(
                self._marker, pose.marker, [0, 0, 0, 1], physicsClientId=c
            )
        if pose.terrain is not None:
            self._show_terrain(pose.terrain, pose.base_position)
        if pose.object_pose is not None and self._object is not None:
            pybullet.resetBasePositionAndOrientation(self._object, *pose.object_pose, physicsClientId=c)
        image = pybullet.getCameraImage(
            width,
            height,
            self._view(pose),
            self._projection,
            shadow=True,
            lightDirection=[1, -1, 2],
            renderer=pybullet.ER_TINY_RENDERER,
            physicsClientId=c,
        )[2]
        return np.asarray(image, dtype=np.uint8).reshape(height, width, 4)[..., :3]

    def _show_terrain(self, heights: Array, base: Array) -> None:
        """Instead of the plane."""
        x, y, _ = base.tolist()
        self._terrain.show(heights, x, y)
        below = [0, 0, -DEPTH]
        pybullet.resetBasePositionAndOrientation(
            self._plane, below, [0, 0, 0, 1], physicsClientId=self._client
        )

    def _add_object(self, scene: Scene) -> int:
        """The scene's object, in blue, where it may start."""
        c = self._client
        vertices, normals = prism(scene.object)
        shape = pybullet.createVisualShape(
            pybullet.GEOM_MESH,
            vertices=vertices.tolist(),
            indices=list(range(len(vertices))),
            normals=normals.tolist(),
            rgbaColor=[0.1, 0.3, 0.8, 1.0],
            physicsClientId=c,
        )
        body: int = pybullet.createMultiBody(
            baseVisualShapeIndex=shape, basePosition=[*scene.low, scene.object.size[2] / 2], physicsClientId=c
        )
        return body

    def _set_joints(self, joint_position: Array) -> None:
        c = self._client
        for joint, angle in zip(self._joints, joint_position, strict=True):
            pybullet.resetJointState(self._body, joint, float(angle), physicsClientId=c)
        for name, angle in self._closure.free_positions(joint_position).items():
            pybullet.resetJointState(self._body, self._free[name], angle, physicsClientId=c)

    def _measure(self) -> tuple[list[float], float]:
        """Middle of the robot (3,) from its base in its default pose, and its largest size, m."""
        c = self._client
        self._set_joints(np.array([joint.default_position for joint in self._robot.joints]))
        links = range(-1, pybullet.getNumJoints(self._body, physicsClientId=c))
        boxes = np.array([pybullet.getAABB(self._body, link, physicsClientId=c) for link in links])
        low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
        return ((low + high) / 2.0).tolist(), float((high - low).max())

    def _view(self, pose: Pose) -> list[float]:
        if self._robot.floating_base:
            x, y = pose.base_position[:2]
            middle = max(0.2, self._robot.base_height + self._middle[2])
            distance = max(1.3, 1.5 * self._extent)
            focus, yaw, pitch = [x, y, middle], 20 if self._robot.base == "planar" else 40, -20
        elif self._object is not None:
            focus, distance, yaw, pitch = [0.35, 0.0, 0.25], 1.5, 50, -30
        else:
            focus, distance, yaw, pitch = [0.2, 0.0, 0.45], 2.0, 60, -20
        if self._close_up:
            x, y = pose.base_position[:2]
            focus = [float(x) + self._middle[0], float(y) + self._middle[1], focus[2]]
            floating = self._robot.base == "floating"  # long as well as wide
            distance, yaw = (1.75 if floating else 1.35) * self._extent, 25 if floating else yaw
        return list(
            pybullet.computeViewMatrixFromYawPitchRoll(focus, distance, yaw, pitch, roll=0, upAxisIndex=2)
        )

    def close(self) -> None:
        pybullet.disconnect(physicsClientId=self._client)


def prism(thing: SceneObject) -> tuple[Array, Array]:
    """Corners (k, 3) m of an object's triangles, and normals: Bullet's own cylinders look like balls."""
    width, depth, height = thing.size
    corners = 4 if thing.shape == "box" else CYLINDER_SIDES
    angles = 2.0 * np.pi * (np.arange(corners + 1) + 0.5) / corners
    stretch = np.array([width, depth]) / (np.sqrt(2.0) if corners == 4 else 2.0)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) * stretch
    low, high = (np.column_stack([ring, np.full(corners + 1, z)]) for z in (-height / 2, height / 2))
    middle = np.array([0.0, 0.0, height / 2])
    triangles: list[tuple[Array, Array, Array]] = []
    for i in range(corners):
        triangles += [(low[i], low[i + 1], high[i + 1]), (low[i], high[i + 1], high[i])]
        triangles += [(middle, high[i], high[i + 1]), (-middle, low[i + 1], low[i])]
    faces = np.array(triangles)  # (triangles, 3 corners, 3)
    normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return faces.reshape(-1, 3), np.repeat(normals, 3, axis=0)


def jpeg(frame: Frame) -> bytes:
    """A picture (height, width, 3) as a JPEG file."""
    stream = io.BytesIO()
    Image.fromarray(frame).save(stream, "JPEG", quality=80)
    return stream.getvalue()


def animation(
    robot: RobotSpec, poses: list[Pose], frames_per_second: float, scene: Scene | None = None
) -> bytes:
    """An endless animated WebP of `poses`."""
    renderer = Renderer(robot, scene=scene)
    images = [Image.fromarray(renderer.frame(pose)) for pose in poses]
    renderer.close()
    stream = io.BytesIO()
    images[0].save(
        stream,
        "WEBP",
        save_all=True,
        append_images=images[1:],
        duration=round(1000 / frames_per_second),
        loop=0,
        quality=60,
    )
    return stream.getvalue()
