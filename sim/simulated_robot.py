"""A robot in an engine that looks like a robot: set-points in, noisy sensors out.

The training environments and the emulated ROS robot drive this same class, so a domain means
the same to both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contract.rotation import quaternion_matrix
from contract.state import Array, JointCommand, RobotState
from sim.actuators import Actuators
from sim.disturbances import Disturbance, Pushes, redraws
from sim.domains.domain import Domain, Draw
from sim.domains.setting import Setting
from sim.engines import make_engine
from sim.gravity import GravityCompensation, gravity_vector
from sim.ground import Ground
from sim.robots.spec import RobotSpec
from sim.scene import Scene
from sim.sensors import Sensors
from sim.start import start_height, start_motion, start_position
from sim.terrain import height_at, heights

GRAVITY_UPDATE_STEPS = 4  # physics steps between updates of an arm's gravity compensation (10 ms)


@dataclass
class Truth:
    """What only a simulator knows; rewards and critics may use it, policies may not."""

    base_position: Array  # (3,) m, world
    world_velocity: Array  # (3,) m/s, of the base, world
    base_linear_velocity: Array  # (3,) m/s, base frame
    base_angular_velocity: Array  # (3,) rad/s, base frame
    foot_contacts: Array  # (feet,)
    ground_height: float = 0.0  # m, of the ground below the base

    @property
    def base_height(self) -> float:
        """Of the base above the ground below it, m."""
        return float(self.base_position[2]) - self.ground_height


class SimulatedRobot:
    """One robot in one domain."""

    def __init__(
        self,
        spec: RobotSpec,
        domain: Domain,
        seed: int | np.random.Generator = 0,
        scene: Scene | None = None,
    ) -> None:
        domain.check(spec)
        self.spec = spec
        self.domain = domain
        self._scene = scene
        self._rng = np.random.default_rng(seed)
        self._ground = Ground.of(domain)
        self._engine = make_engine(domain.engine_name, spec, self._ground, scene)
        self._actuators = Actuators(spec)
        self._sensors = Sensors(spec, self._engine)
        self._gravity = GravityCompensation(spec) if spec.gravity_compensated else None
        self._default = np.array([joint.default_position for joint in spec.joints])
        self._feed_forward = np.zeros_like(self._default)
        self.torque = np.zeros_like(self._default)
        self.drawn = Draw()
        self.terrain: Array | None = None  # heights of the episode's ground, where it is rough
        self._level = 1.0
        self._started = False
        self._lasting = tuple(setting for setting in domain.settings if setting.mode != "startup")
        self._pushes = Pushes(self._engine, spec)
        self._redraws = redraws(domain.settings, spec.time_step, self._redraw)
        self._disturbances: tuple[Disturbance, ...] = ()
        self._steps = 0

    @property
    def time(self) -> float:
        """Simulated seconds since the robot was made; resets do not turn it back."""
        return self._steps * self.spec.time_step

    def reseed(self, rng: np.random.Generator) -> None:
        """Draw domain parameters and noise from `rng` from now on, those of the start-up too if it is new."""
        self._started = self._started and rng is self._rng
        self._rng = rng

    def reset(self, joint_position: Array | None = None, level: float = 1.0) -> None:
        """Draw the domain's parameters and place the robot, by default at rest in its default pose.

        `joint_position` (n,) rad is where the task starts; the domain may add to it, within the
        joints' limits, and set the robot in motion. `level` is how far the domain's curricula have
        got, in [0, 1].
        """
        self._level = level
        if self._started:
            self.drawn = self.domain.redraw(self.drawn, self._lasting, self.spec, self._rng, level)
        else:
            self.drawn = self.domain.draw(self.spec, self._rng, level)
            self._started = True
        position = start_position(self.spec, self.drawn, joint_position)
        self._engine.apply(self.drawn)
        if self._ground.terrain:
            self.terrain = heights(self.drawn.scalar("terrain_roughness"), self._rng)
            self._engine.shape_ground(self.terrain)
        self._engine.reset(position, start_height(self.spec, self.drawn), start_motion(self.drawn))
        if self._scene is not None:
            self.place_object(self._scene.start(self._rng))
        self._configure()
        self._actuators.reset(position)
        self._sensors.reset(self._steps)
        self._pushes.reset(self._steps)
        for redraw in self._redraws:
            redraw.reset(self._steps)
        self.torque = np.zeros_like(self._default)

    def _redraw(self, settings: tuple[Setting, ...]) -> None:
        """Change parameters within an episode."""
        self.drawn = self.domain.redraw(self.drawn, settings, self.spec, self._rng, self._level)
        self._engine.apply(self.drawn)
        self._configure()

    def _configure(self) -> None:
        self._actuators.configure(self.drawn, self._rng)
        self._sensors.configure(self.drawn, self._rng, gravity_vector(self.drawn))
        self._pushes.configure(self.drawn, self._rng)
        self._disturbances = (
            *([self._pushes] if self._pushes.active or self._pushes.pulling else []),
            *self._redraws,
        )

    def command(self, command: JointCommand) -> None:
        """Take new set-points; they act after the domain's action latency and then stay."""
        self._actuators.command(command)

    def step(self, steps: int) -> None:
        """Advance the physics by `steps` of `spec.time_step`."""
        if not self._disturbances:
            self._advance(steps)
            return
        end = self._steps + steps
        while self._steps < end:
            for disturbance in self._disturbances:
                if disturbance.due <= self._steps:
                    disturbance.happen(self._steps)
            due = min(disturbance.due for disturbance in self._disturbances)
            self._advance(max(1, int(min(due, end)) - self._steps))

    def _advance(self, steps: int) -> None:
        engine, sensors = self._engine, self._sensors
        for i in range(steps):
            if self._gravity and (self._steps + i) % GRAVITY_UPDATE_STEPS == 0:
                self._feed_forward = self._gravity.torque(engine.joint_position)
            self.torque = self._actuators.torque(
                engine.joint_position, engine.joint_velocity, self._feed_forward
            )
            engine.step(self.torque)
            if sensors.late:
                sensors.record(self.torque)
        self._steps += steps

    def sense(self) -> RobotState:
        """Read the robot's own sensors, with the domain's errors and delays.

        In a scene somebody also sees the object, a camera or a motion capture, at once but not exactly.
        """
        state = self._sensors.read(self.torque, self._steps)
        if self._scene is not None:
            base = self._engine.base()
            position = quaternion_matrix(base.orientation).T @ (self.object_pose()[0] - base.position)
            state.object_position = position + self._scene.observer_noise * self._rng.standard_normal(3)
        return state

    def truth(self) -> Truth:
        """The state as an all-seeing observer knows it."""
        base = self._engine.base()
        rotation = quaternion_matrix(base.orientation)
        x, y, _ = base.position.tolist()
        return Truth(
            base.position,
            base.linear_velocity,
            rotation.T @ base.linear_velocity,
            rotation.T @ base.angular_velocity,
            self._engine.foot_contacts() if self.spec.feet else np.zeros(0),
            0.0 if self.terrain is None else height_at(self.terrain, x, y),
        )

    def tool_position(self) -> Array:
        """True tool point (3,) m in the world."""
        return self._engine.tool_position()

    def place_object(self, position: Array, velocity: Array | None = None) -> None:
        """Put the scene's object upright to `position` (3,) m, at rest or with `velocity` (3,) m/s, world."""
        self._engine.place_object(position, np.zeros(3) if velocity is None else velocity)

    def object_pose(self) -> tuple[Array, Array]:
        """True position (3,) m of the scene's object and orientation (4,) xyzw, in the world."""
        return self._engine.object_pose()

    def pose(self) -> tuple[Array, Array, Array]:
        """True base position (3,), orientation (4,) xyzw and joint positions (n,), for pictures."""
        base = self._engine.base()
        return base.position, base.orientation, self._engine.joint_position.copy()

    def close(self) -> None:
        self._engine.close()
