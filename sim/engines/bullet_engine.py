"""PyBullet behind the engine protocol."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contract.rotation import quaternion_matrix
from contract.state import Array
from sim.actuators import Actuators
from sim.domains.domain import Draw
from sim.engines.advance import advance
from sim.engines.bullet import pybullet
from sim.engines.bullet_ground import BulletGround
from sim.engines.bullet_model import bullet_model
from sim.engines.bullet_native import NativeSteps, library
from sim.engines.bullet_object import BulletObject
from sim.gravity import gravity_vector
from sim.ground import Ground, wall_center
from sim.motion import BaseMotion, Motion, StartMotion, pitch_of, planar_motion
from sim.quaternions import product
from sim.robots.closure import Closure
from sim.robots.merged_links import Place
from sim.robots.model import PLANAR_JOINTS
from sim.robots.spec import Loop, RobotSpec
from sim.scene import Scene

SLOWEST_BOUNCE = 0.3  # m/s; with Bullet's 0.2 the feet of a robot that stands still rattle

FOOT_RADIUS = 0.05  # m, around a foot that is part of a longer link


class BulletEngine:
    """One client a robot.

    Inertias come from the file: those that Bullet guesses from shapes are too small for torque
    control. Fixed links are merged before Bullet reads them (sim/engines/bullet_model.py).
    Bullet damps joints explicitly, which blows up light links; the inertia dt * damping about the
    joint's axis makes the step implicit, as MuJoCo's is: (I + dt d) a = tau - d v. Armature is
    added in the same way; earlier joints with a parallel axis feel it too, as if it were geared 1:1.
    Ground friction in Bullet is the product of both surfaces, so the ground has 1 and the robot
    the coefficient. Links do not collide with each other.
    """

    def __init__(self, robot: RobotSpec, ground: Ground, scene: Scene | None = None) -> None:
        self._robot, self._closure = robot, Closure(robot)
        self._client = pybullet.connect(pybullet.DIRECT)
        c = self._client
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=robot.time_step,
            numSolverIterations=robot.solver_iterations,
            restitutionVelocityThreshold=SLOWEST_BOUNCE,
            deterministicOverlappingPairs=1,
            physicsClientId=c,
        )
        self._ground, self._flat = BulletGround(c, ground), not ground.terrain
        self._object = BulletObject(c, scene.object) if scene else None
        n = len(robot.joints)
        self.joint_position, self.joint_velocity = np.zeros(n), np.zeros(n)
        self._force: list[float] | None = None
        self._applied = Draw()
        found = library()
        self.native = NativeSteps(c, found) if found else None
        self._load(np.zeros(3))

    def _load(self, center: Array) -> None:
        """Load the robot, its base's centre of mass shifted by `center` (3,) m."""
        c, robot = self._client, self._robot
        with bullet_model(robot, center, merge=self._flat) as (path, places):
            self._body = pybullet.loadURDF(
                str(path),
                basePosition=[0, 0, robot.base_height if robot.base == "floating" else 0.0],
                useFixedBase=robot.base != "floating",
                flags=pybullet.URDF_IGNORE_VISUAL_SHAPES | pybullet.URDF_USE_INERTIA_FROM_FILE,
                physicsClientId=c,
            )
        self._center = center.copy()
        # a call of its own: together with a link's mass, PyBullet would set the base's instead
        pybullet.changeDynamics(self._body, -1, linearDamping=0.0, angularDamping=0.0, physicsClientId=c)
        self._index_links(places)
        self._constraints = [self._close(loop) for loop in robot.loops]
        self._joints = [self._joint_index[joint.name] for joint in robot.joints]
        planar = PLANAR_JOINTS if robot.base == "planar" else ()
        self._planar = [self._joint_index[name] for name in planar]
        passive = [self._joint_index[name] for name, _ in robot.unactuated]
        free = [*self._planar, *passive]
        # Bullet's default velocity motors would hold them; those of the actuated joints are their friction
        if free:
            pybullet.setJointMotorControlArray(
                self._body, free, pybullet.VELOCITY_CONTROL, forces=[0.0] * len(free), physicsClientId=c
            )
        self._ground.withdraw()
        if self.native is not None:
            self._load_native(self.native)
        # Bullet's first step differs from all later ones
        pybullet.stepSimulation(physicsClientId=c)
        self._untouched = pybullet.saveState(physicsClientId=c)

    def _load_native(self, native: NativeSteps) -> None:
        """Tell the C twin where the robot's numbers are in Bullet's lists."""

        def indices(joints: list[int]) -> NDArray[np.intc]:
            infos = [pybullet.getJointInfo(self._body, i, physicsClientId=self._client) for i in joints]
            return np.array([info[3:5] for info in infos], dtype=np.intc).reshape(-1, 2)

        joint_state = self.joint_position, self.joint_velocity
        native.load(self._body, indices(self._joints), indices(self._planar), self._link_frame, joint_state)

    def _close(self, loop: Loop) -> int:
        """Add a ball joint; Bullet wants its two points in the links' inertial frames."""
        ends = []
        for name, point in ((loop.first, loop.first_point), (loop.second, loop.second_point)):
            link = self._link_index[name]
            frame = pybullet.getDynamicsInfo(self._body, link, physicsClientId=self._client)[3:5]
            inverse = pybullet.invertTransform(*frame)
            ends.append((link, pybullet.multiplyTransforms(*inverse, point, [0, 0, 0, 1])[0]))
        (first, first_point), (second, second_point) = ends
        constraint: int = pybullet.createConstraint(
            self._body,
            first,
            self._body,
            second,
            pybullet.JOINT_POINT2POINT,
            [0, 0, 0],
            first_point,
            second_point,
            physicsClientId=self._client,
        )
        return constraint

    def _index_links(self, places: dict[str, Place]) -> None:
        """Names to indices, and nominal masses and inertias; -1 is the base."""
        c = self._client
        self._joint_index: dict[str, int] = {}
        self._link_index: dict[str, int] = {}
        self._nominal: dict[int, tuple[float, Array]] = {}
        self._axis: dict[int, Array] = {}  # of the link's joint, in its inertial frame
        for i in range(-1, pybullet.getNumJoints(self._body, physicsClientId=c)):
            if i >= 0:
                info = pybullet.getJointInfo(self._body, i, physicsClientId=c)
                self._joint_index[info[1].decode()] = i
                self._link_index[info[12].decode()] = i
                self._axis[i] = np.array(info[13])
            dynamics = pybullet.getDynamicsInfo(self._body, i, physicsClientId=c)
            self._nominal[i] = dynamics[0], np.array(dynamics[2])
        self._feet = [self._foot(name, places) for name in self._robot.feet]
        self._base_link = self._joint_index.get(PLANAR_JOINTS[-1], -1)
        # PyBullet reports a base's pose at its centre of mass; `_link_frame` leads back to the link's
        # own. Its multiplyTransforms would do so in single precision.
        frame = pybullet.getDynamicsInfo(self._body, -1, physicsClientId=c)
        self._base_inertial = frame[3], frame[4]
        back = np.array(frame[4]) * (-1.0, -1.0, -1.0, 1.0) / np.linalg.norm(frame[4])
        self._link_frame = np.array([*-quaternion_matrix(back) @ frame[3], *back])

    def _foot(self, name: str, places: dict[str, Place]) -> tuple[int, Array | None]:
        """A foot's link, and where in its frame the foot is, if it was merged into a longer link."""
        if name not in places:
            return self._link_index[name], None
        return self._link_index[places[name].link], places[name].offset

    def apply(self, draw: Draw) -> None:
        if draw.is_known_as(self._applied):
            return
        if not np.array_equal(draw["base_center_offset"], self._center):
            # PyBullet fixes centres of mass when it loads a robot
            for constraint in self._constraints:
                pybullet.removeConstraint(constraint, physicsClientId=self._client)
            pybullet.removeState(self._untouched, physicsClientId=self._client)
            pybullet.removeBody(self._body, physicsClientId=self._client)
            self._load(draw["base_center_offset"])
        self._ground.move_wall(wall_center(draw.scalar("obstacle_distance")))
        c, scale = self._client, draw.scalar("link_mass_scale")
        pybullet.setGravity(*gravity_vector(draw).tolist(), physicsClientId=c)
        tool = self._link_index[self._robot.tool.link] if self._robot.tool else None
        damping = dict(zip(self._joints, draw["joint_damping"].tolist(), strict=True))
        rotor = draw["joint_armature"] + self._robot.time_step * draw["joint_damping"]
        about_axis = dict(zip(self._joints, rotor.tolist(), strict=True))
        for link, (mass, inertia) in self._nominal.items():
            if link == -1 and self._robot.base != "floating":
                continue  # setting a mass would set a fixed base free
            extra = draw.scalar("base_mass_offset") if link == self._base_link else 0.0
            extra += draw.scalar("tool_mass_offset") if link == tool else 0.0
            inertia = inertia * (scale * draw.scalar("link_inertia_scale"))
            if link in about_axis:
                inertia += about_axis[link] * self._axis[link] ** 2
            pybullet.changeDynamics(
                self._body,
                link,
                mass=mass * scale + extra,
                localInertiaDiagonal=inertia.tolist(),
                lateralFriction=draw.scalar("ground_friction"),
                restitution=draw.scalar("ground_restitution"),
                physicsClientId=c,
            )
        for joint, value in damping.items():
            pybullet.changeDynamics(self._body, joint, jointDamping=value, physicsClientId=c)
        # Bullet's velocity motors hold a joint with at most a force: dry friction, and none by default
        friction = draw["joint_friction"].tolist()
        pybullet.setJointMotorControlArray(
            self._body, self._joints, pybullet.VELOCITY_CONTROL, forces=friction, physicsClientId=c
        )
        if self._object is not None:
            self._object.apply(draw, self._body)
        self._applied = draw

    def shape_ground(self, heights: Array) -> None:
        self._ground.shape(heights)

    def reset(self, joint_position: Array, base_height: float, motion: StartMotion | None = None) -> None:
        c, speeds = self._client, [0.0] * len(joint_position)
        # Bullet would start with the contacts of the last episode, and no two would be alike
        pybullet.restoreState(self._untouched, physicsClientId=c)
        self._ground.place()
        turned, velocity = [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0]
        if motion is not None:
            turned, velocity = motion.orientation.tolist(), motion.linear_velocity.tolist()
            speeds = motion.joint_velocity.tolist()
        if self._robot.base == "floating":
            center, attitude = self._base_inertial
            position = np.array([0.0, 0.0, base_height]) + quaternion_matrix(np.array(turned)) @ center
            orientation = product(np.array(turned), np.array(attitude))
            pybullet.resetBasePositionAndOrientation(
                self._body, position.tolist(), orientation.tolist(), physicsClientId=c
            )
            pybullet.resetBaseVelocity(self._body, velocity, [0, 0, 0], physicsClientId=c)
        for joint, angle, speed in zip(self._joints, joint_position.tolist(), speeds, strict=True):
            pybullet.resetJointState(self._body, joint, angle, speed, physicsClientId=c)
        self._force = None
        self._reset_others(joint_position, base_height, turned, velocity)
        self._read_joints()

    def _reset_others(
        self, joint_position: Array, height: float, turned: list[float], velocity: list[float]
    ) -> None:
        """The joints of a planar base, and those without a motor."""
        base = ((0.0, velocity[0]), (height, velocity[2]), (pitch_of(turned), 0.0))
        states = dict(zip(self._planar, base, strict=False))
        free = self._closure.free_positions(joint_position)
        states |= {self._joint_index[name]: (angle, 0.0) for name, angle in free.items()}
        for joint, (position, speed) in states.items():
            pybullet.resetJointState(self._body, joint, position, speed, physicsClientId=self._client)

    def kick(self, velocity: Array) -> None:
        c = self._client
        for joint, change in zip(self._planar[:2], velocity[[0, 2]].tolist(), strict=False):
            position, speed = pybullet.getJointState(self._body, joint, physicsClientId=c)[:2]
            pybullet.resetJointState(self._body, joint, position, speed + change, physicsClientId=c)
        if self._robot.base == "floating":
            linear, angular = pybullet.getBaseVelocity(self._body, physicsClientId=c)
            changed = (np.array(linear) + velocity).tolist()
            pybullet.resetBaseVelocity(self._body, changed, angular, physicsClientId=c)

    def pull(self, force: Array | None) -> None:
        self._force = None if force is None else force.tolist()

    def _apply_force(self) -> None:
        """Bullet forgets an external force after each step."""
        c, link = self._client, self._base_link
        if self._robot.base == "fixed" and self._robot.tool is not None:
            link = self._link_index[self._robot.tool.link]
        if link == -1:
            center = pybullet.getBasePositionAndOrientation(self._body, physicsClientId=c)[0]
        else:
            center = pybullet.getLinkState(self._body, link, computeForwardKinematics=1, physicsClientId=c)[0]
        pybullet.applyExternalForce(
            self._body, link, self._force, center, pybullet.WORLD_FRAME, physicsClientId=c
        )

    def step(self, torque: Array) -> None:
        if self._force is not None:
            self._apply_force()
        pybullet.setJointMotorControlArray(
            self._body,
            self._joints,
            pybullet.TORQUE_CONTROL,
            forces=torque.tolist(),
            physicsClientId=self._client,
        )
        pybullet.stepSimulation(physicsClientId=self._client)
        self._read_joints()

    def advance(self, actuators: Actuators, motion: Motion, step: int, count: int) -> None:
        if self.native is None or self._force is not None:
            advance(self, actuators, motion, step, count)
        else:
            self.native.advance(actuators, motion, step, count)

    def _read_joints(self) -> None:
        states = pybullet.getJointStates(self._body, self._joints, physicsClientId=self._client)
        self.joint_position[:] = [state[0] for state in states]
        self.joint_velocity[:] = [state[1] for state in states]

    def base(self) -> BaseMotion:
        c = self._client
        if self._planar:
            states = pybullet.getJointStates(self._body, self._planar, physicsClientId=c)
            return planar_motion(np.array([s[0] for s in states]), np.array([s[1] for s in states]))
        center, turned = pybullet.getBasePositionAndOrientation(self._body, physicsClientId=c)
        velocity, turning = (np.array(v) for v in pybullet.getBaseVelocity(self._body, physicsClientId=c))
        unit = np.array(turned) / np.linalg.norm(turned)
        lever = quaternion_matrix(unit) @ self._link_frame[:3]
        # velocity of the link's origin, not of the centre of mass: v + w x r
        return BaseMotion(
            np.array(center) + lever,
            product(unit, self._link_frame[3:]),
            velocity + np.cross(turning, lever),
            turning,
        )

    def tool_position(self) -> Array:
        assert self._robot.tool is not None
        link = self._link_index[self._robot.tool.link]
        state = pybullet.getLinkState(
            self._body, link, computeForwardKinematics=1, physicsClientId=self._client
        )
        return np.asarray(
            np.array(state[4]) + quaternion_matrix(np.array(state[5])) @ self._robot.tool.offset
        )

    def foot_contacts(self) -> Array:
        c = self._client
        touched: dict[int, list[Array]] = {}
        for ground in self._ground.bodies:
            for point in pybullet.getContactPoints(self._body, ground, physicsClientId=c):
                touched.setdefault(point[3], []).append(np.array(point[5]))
        return np.array([float(self._touches(foot, touched.get(foot[0], []))) for foot in self._feet])

    def _touches(self, foot: tuple[int, Array | None], points: list[Array]) -> bool:
        """Whether one of a link's contact points (3,) m, world, is the foot's."""
        link, place = foot
        if place is None or not points:
            return bool(points)
        state = pybullet.getLinkState(
            self._body, link, computeForwardKinematics=1, physicsClientId=self._client
        )
        center = np.array(state[4]) + quaternion_matrix(np.array(state[5])) @ place
        return bool(np.linalg.norm(np.array(points) - center, axis=1).min() < FOOT_RADIUS)

    def place_object(self, position: Array, velocity: Array) -> None:
        assert self._object is not None
        self._object.place(position, velocity)

    def object_pose(self) -> tuple[Array, Array]:
        assert self._object is not None
        return self._object.pose()

    def close(self) -> None:
        if pybullet.isConnected(self._client):
            pybullet.disconnect(physicsClientId=self._client)
        # C would step a world that is gone, and PyBullet gives its number to the next one
        self.native, self._client = None, -1
