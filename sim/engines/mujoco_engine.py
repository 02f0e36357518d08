"""MuJoCo behind the engine protocol.

MuJoCo writes quaternions wxyz; they leave this file as xyzw.
"""

from __future__ import annotations

import numpy as np

from contract.rotation import quaternion_matrix
from contract.state import Array
from sim.actuators import Actuators
from sim.domains.domain import Draw
from sim.engines import restitution
from sim.engines.advance import advance
from sim.engines.mujoco_ground import MujocoGround, add_ground
from sim.engines.mujoco_library import mujoco
from sim.gravity import gravity_vector
from sim.ground import Ground, wall_center
from sim.motion import BaseMotion, Motion, StartMotion, pitch_of, planar_motion
from sim.robots.closure import Closure
from sim.robots.model import PLANAR_JOINTS, model_file
from sim.robots.spec import Loop, RobotSpec
from sim.scene import Scene, SceneObject

OBJECT = "scene_object"  # name of its body, joint and geom


class MujocoEngine:
    """The same URDF as the other engine, a floor, and a free joint where the base floats.

    Friction is the maximum of both surfaces, so the ground has 0 and the robot the coefficient.
    Its cone is elliptic: the pyramid that MuJoCo defaults to throws a robot up on slippery ground.
    Links do not collide with each other.
    """

    def __init__(self, robot: RobotSpec, ground: Ground, scene: Scene | None = None) -> None:
        self._robot, self._closure = robot, Closure(robot)
        self._model = _compile(robot, ground, scene)
        self._object = scene.object if scene else None
        self._data = mujoco.MjData(self._model)
        joints = [self._model.joint(joint.name) for joint in robot.joints]
        self._q = np.array([joint.qposadr[0] for joint in joints])
        self._v = np.array([joint.dofadr[0] for joint in joints])
        planar = PLANAR_JOINTS if robot.base == "planar" else ()
        self._planar = [self._model.joint(name) for name in planar]
        self._base_body = int(self._planar[2].bodyid[0]) if planar else int(robot.floating_base)
        self._nominal = self._model.body_mass.copy(), self._model.body_inertia.copy()
        self._nominal_center = self._model.body_ipos[self._base_body].copy()
        self._nominal_solref = self._model.geom_solref.copy()
        self._scratch = mujoco.MjData(self._model)
        self._pulled = self._base_body if robot.floating_base or not robot.tool else self._tool_body()
        # dry friction sticks; with MuJoCo's default softness a joint would creep below it
        self._model.dof_solimp[:, :2] = 0.9999
        self._model.dof_solref[:, 0] = 2 * robot.time_step
        self._ground = MujocoGround(self._model, ground)
        self._feet = [self._model.body(name).id for name in robot.feet]
        self.joint_position, self.joint_velocity = np.zeros(len(joints)), np.zeros(len(joints))

    def apply(self, draw: Draw) -> None:
        model, scale = self._model, draw.scalar("link_mass_scale")
        mass, inertia = self._nominal
        self._ground.move_wall(wall_center(draw.scalar("obstacle_distance")))
        model.opt.gravity[:] = gravity_vector(draw)
        model.body_mass[:] = mass * scale
        model.body_inertia[:] = inertia * (scale * draw.scalar("link_inertia_scale"))
        if self._robot.floating_base:
            model.body_mass[self._base_body] += draw.scalar("base_mass_offset")
            model.body_ipos[self._base_body] = self._nominal_center + draw["base_center_offset"]
        if self._robot.tool:
            model.body_mass[self._tool_body()] += draw.scalar("tool_mass_offset")
        model.geom_friction[self._ground.robot_geoms, 0] = draw.scalar("ground_friction")
        model.dof_damping[self._v] = draw["joint_damping"]
        model.dof_armature[self._v] = draw["joint_armature"]
        model.dof_frictionloss[self._v] = draw["joint_friction"]
        bounce = draw.scalar("ground_restitution")
        model.geom_solref[:] = restitution.solref(bounce) if bounce else self._nominal_solref
        if self._object is not None:
            self._apply_to_object(self._object, draw)
        mujoco.mj_setConst(model, self._scratch)

    def _apply_to_object(self, thing: SceneObject, draw: Draw) -> None:
        """Its mass is not a link's; its friction is."""
        model = self._model
        body, geom = model.body(OBJECT).id, model.geom(OBJECT).id
        mass, inertia = self._nominal
        model.body_mass[body], model.body_inertia[body] = mass[body], inertia[body]
        model.geom_friction[geom, 0] = thing.friction * draw.scalar("ground_friction")

    def _tool_body(self) -> int:
        assert self._robot.tool is not None
        return int(self._model.body(self._robot.tool.link).id)

    def shape_ground(self, heights: Array) -> None:
        self._ground.shape(heights)

    def reset(self, joint_position: Array, base_height: float, motion: StartMotion | None = None) -> None:
        mujoco.mj_resetData(self._model, self._data)
        if self._robot.base == "floating":
            self._data.qpos[:7] = 0, 0, base_height, 1, 0, 0, 0
        if self._planar:
            self._data.qpos[self._planar[1].qposadr] = base_height
        for name, position in self._closure.free_positions(joint_position).items():
            self._data.joint(name).qpos = position
        self._data.qpos[self._q] = joint_position
        if motion is not None:
            self._set_in_motion(motion)
        mujoco.mj_forward(self._model, self._data)
        self._read_joints()

    def _set_in_motion(self, motion: StartMotion) -> None:
        data = self._data
        data.qvel[self._v] = motion.joint_velocity
        if self._planar:
            x, z, pitch = self._planar
            data.qpos[pitch.qposadr] = pitch_of(motion.orientation.tolist())
            data.qvel[x.dofadr], data.qvel[z.dofadr] = motion.linear_velocity[[0, 2]]
        if self._robot.base == "floating":
            data.qpos[3:7] = motion.orientation[[3, 0, 1, 2]]
            data.qvel[:3] = motion.linear_velocity

    def step(self, torque: Array) -> None:
        self._data.qfrc_applied[self._v] = torque
        mujoco.mj_step(self._model, self._data)
        self._read_joints()

    def advance(self, actuators: Actuators, motion: Motion, step: int, count: int) -> None:
        advance(self, actuators, motion, step, count)

    def _read_joints(self) -> None:
        np.take(self._data.qpos, self._q, out=self.joint_position)
        np.take(self._data.qvel, self._v, out=self.joint_velocity)

    def kick(self, velocity: Array) -> None:
        if self._planar:
            for joint, change in zip(self._planar[:2], velocity[[0, 2]].tolist(), strict=True):
                self._data.qvel[joint.dofadr] += change
        else:
            self._data.qvel[:3] += velocity

    def pull(self, force: Array | None) -> None:
        self._data.xfrc_applied[self._pulled, :3] = 0.0 if force is None else force

    def base(self) -> BaseMotion:
        if self._planar:
            joints = [self._data.joint(joint.id) for joint in self._planar]
            return planar_motion(
                np.concatenate([j.qpos for j in joints]), np.concatenate([j.qvel for j in joints])
            )
        if self._robot.base == "fixed":
            return BaseMotion(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(3), np.zeros(3))
        qpos, qvel = self._data.qpos, self._data.qvel
        orientation = qpos[[4, 5, 6, 3]]
        # a free joint's angular velocity is in the body frame, its linear velocity in the world
        return BaseMotion(
            qpos[:3].copy(), orientation, qvel[:3].copy(), quaternion_matrix(orientation) @ qvel[3:6]
        )

    def tool_position(self) -> Array:
        assert self._robot.tool is not None
        mujoco.mj_kinematics(self._model, self._data)
        body = self._data.body(self._robot.tool.link)
        return np.asarray(body.xpos + body.xmat.reshape(3, 3) @ self._robot.tool.offset)

    def foot_contacts(self) -> Array:
        contact = self._data.contact
        ground = self._ground.geoms
        on_floor = ground[contact.geom1] | ground[contact.geom2]
        geoms = np.concatenate([contact.geom1[on_floor], contact.geom2[on_floor]])
        touching = set(self._model.geom_bodyid[geoms].tolist())
        return np.array([float(foot in touching) for foot in self._feet])

    def place_object(self, position: Array, velocity: Array) -> None:
        joint = self._data.joint(OBJECT)
        joint.qpos = *position, 1.0, 0.0, 0.0, 0.0
        joint.qvel = *velocity, 0.0, 0.0, 0.0
        mujoco.mj_forward(self._model, self._data)

    def object_pose(self) -> tuple[Array, Array]:
        qpos = self._data.joint(OBJECT).qpos
        return qpos[:3].copy(), qpos[[4, 5, 6, 3]]

    def close(self) -> None:
        """Nothing to free: MuJoCo's memory goes with the object."""


def _compile(robot: RobotSpec, ground: Ground, scene: Scene | None) -> mujoco.MjModel:
    with model_file(robot) as path:
        spec = mujoco.MjSpec.from_file(str(path))
    spec.compiler.fusestatic = False  # feet and tools keep their own bodies
    spec.option.timestep = robot.time_step
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.impratio = robot.friction_hardness
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    if robot.base == "floating":
        spec.worldbody.first_body().add_freejoint()
    for loop in robot.loops:
        _close(spec, loop)
    for geom in spec.geoms:
        geom.contype, geom.conaffinity = 1, 0
    add_ground(spec, ground)
    if scene is not None:
        _add(spec, scene.object)
    return spec.compile()


def _add(spec: mujoco.MjSpec, thing: SceneObject) -> None:
    """An object that meets the floor and every link; its friction prevails over theirs."""
    body = spec.worldbody.add_body(name=OBJECT, pos=[0.0, 0.0, thing.size[2] / 2])
    body.add_freejoint(name=OBJECT)
    width, depth, height = (length / 2 for length in thing.size)
    box = thing.shape == "box"
    geom = body.add_geom(
        name=OBJECT,
        type=mujoco.mjtGeom.mjGEOM_BOX if box else mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[width, depth, height] if box else [width, height, 0.0],
        mass=thing.mass,
    )
    geom.contype, geom.conaffinity, geom.priority = 1, 1, 1


def _close(spec: mujoco.MjSpec, loop: Loop) -> None:
    """Add a ball joint between two sites: they need not meet in the file's zero pose, as bodies would."""
    sites = []
    for body, point in ((loop.first, loop.first_point), (loop.second, loop.second_point)):
        sites.append(f"{body}_loop")
        spec.body(body).add_site(name=sites[-1], pos=point)
    equality = spec.add_equality(type=mujoco.mjtEq.mjEQ_CONNECT, objtype=mujoco.mjtObj.mjOBJ_SITE)
    equality.name1, equality.name2 = sites
