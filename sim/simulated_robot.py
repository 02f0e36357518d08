"""A robot in an engine that looks like a robot: set-points in, noisy sensors out.

The training environments and the emulated ROS robot drive this same class, so a domain means
the same to both.
"""

from __future__ import annotations

import numpy as np

from contract.rotation import quaternion_matrix
from contract.state import Array, JointCommand, RobotState
from sim.actuators import Actuators
from sim.disturbances import Disturbance, Pushes, redraws
from sim.domains.domain import Domain, Draw
from sim.domains.setting import Setting
from sim.engines import make_engine
from sim.gravity import gravity_vector
from sim.ground import Ground
from sim.robots.spec import RobotSpec
from sim.scene import Scene
from sim.sensors import Sensors
from sim.start import joints_in_motion, start_height, start_motion, start_position
from sim.terrain import height_at, heights
from sim.truth import Truth


class SimulatedRobot:
    """One robot in one domain.

    `sensors` may be those of several robots, of which this one is number `row`; by default it has its own.
    """

    def __init__(
        self,
        spec: RobotSpec,
        domain: Domain,
        seed: int | np.random.Generator = 0,
        scene: Scene | None = None,
        sensors: Sensors | None = None,
        row: int = 0,
    ) -> None:
        domain.check(spec)
        self.spec = spec
        self.domain = domain
        self._scene = scene
        self._rng = np.random.default_rng(seed)
        self._ground = Ground.of(domain, spec)
        self.engine = make_engine(domain.engine_name, spec, self._ground, scene)
        self._actuators = Actuators(spec)
        self._sensors = sensors or Sensors(spec, domain)
        self._row, self._rows = row, slice(row, row + 1)
        self._motion = self._sensors.motion.robot(row)
        self.drawn = Draw()
        self._impairments: tuple[Setting, ...] = ()
        self.terrain: Array | None = None  # heights of the episode's ground, where it is rough
        self._level = 1.0
        self._started = False
        self._lasting = _lasting(domain)
        self._pushes = Pushes(self.engine, spec)
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

    def redistribute(self, domain: Domain) -> None:
        """Draw from `domain` from the next reset on: the same settings, of other shapes."""
        self.domain = domain
        self._lasting = _lasting(domain)

    def reset(
        self,
        joint_position: Array | None = None,
        level: float = 1.0,
        joint_velocity: Array | None = None,
    ) -> None:
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
        self.engine.apply(self._impaired())
        if self._ground.terrain:
            self.terrain = heights(self.drawn.scalar("terrain_roughness"), self._rng)
            self.engine.shape_ground(self.terrain)
        motion = start_motion(self.drawn) if joint_velocity is None else joints_in_motion(joint_velocity)
        self.engine.reset(position, start_height(self.spec, self.drawn), motion)
        if self._scene is not None:
            self.place_object(self._scene.start(self._rng))
        self._configure()
        self._actuators.reset(position)
        self._remember_start()
        self._pushes.reset(self._steps)
        for redraw in self._redraws:
            redraw.reset(self._steps)

    def _remember_start(self) -> None:
        engine = self.engine
        still = np.zeros_like(engine.joint_position)
        self._motion.put_joints(self._steps, engine.joint_position, engine.joint_velocity, still)
        self._motion.put_base(self._steps, engine.base())
        self._sensors.reset(self._row)

    def impair(self, settings: tuple[Setting, ...]) -> None:
        """Let these settings outdo the domain's from now on, over resets too; () ends it.

        None that decides how the engine or the sensors are made: sensor latencies, terrain, obstacles.
        """
        self._impairments = settings
        self._apply()

    def _redraw(self, settings: tuple[Setting, ...]) -> None:
        """Change parameters within an episode."""
        self.drawn = self.domain.redraw(self.drawn, settings, self.spec, self._rng, self._level)
        self._apply()

    def _apply(self) -> None:
        self.engine.apply(self._impaired())
        self._configure()

    def _impaired(self) -> Draw:
        if not self._impairments:
            return self.drawn
        return self.domain.redraw(self.drawn, self._impairments, self.spec, self._rng, self._level)

    def _configure(self) -> None:
        draw = self._impaired()
        self._actuators.configure(draw, self._rng)
        self._sensors.configure(self._row, draw, self._rng, gravity_vector(draw))
        self._pushes.configure(draw, self._rng)
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
        end = self._steps + steps
        while self._steps < end:
            count = self._actuators.steady(end - self._steps)
            self.engine.advance(self._actuators, self._motion, self._steps + 1, count)
            self._steps += count
        self._sensors.now[self._row] = self._steps

    def sense(self) -> RobotState:
        """Read the robot's own sensors, with the domain's errors and delays.

        In a scene somebody also sees the object, a camera or a motion capture, at once but not exactly.
        """
        state = self._sensors.read(self._rows).row(0)
        state.stamp = round(self._sensors.heard[self._row] * self.spec.time_step * 1e9)
        if self._scene is not None:
            state.object_position = self.see_object()
        return state

    def see_object(self) -> Array:
        """Where an observer sees the scene's object: (3,) m in the base frame."""
        assert self._scene is not None
        motion, newest = self._motion, self._newest
        rotation = quaternion_matrix(motion.orientation[newest])
        position = rotation.T @ (self.object_pose()[0] - motion.position[newest])
        return np.asarray(position + self._scene.observer_noise * self._rng.standard_normal(3))

    @property
    def _newest(self) -> int:
        """Where in `_motion` the state of now is."""
        return int(self._steps % self._motion.slots)

    def truth(self) -> Truth:
        """The state as an all-seeing observer knows it."""
        return Truth.of(self._motion, self._newest, self.ground_height())

    def ground_height(self) -> float:
        """Height of the ground below the base, m."""
        if self.terrain is None:
            return 0.0
        x, y, _ = self._motion.position[self._newest].tolist()
        return height_at(self.terrain, x, y)

    @property
    def torque(self) -> Array:
        """The torques (n,) N·m that the joints had in the last physics step."""
        return np.asarray(self._motion.torque[self._newest])

    def foot_contacts(self) -> Array:
        """1.0 for each foot that touches the ground, else 0.0; (feet,)."""
        return self.engine.foot_contacts()

    def tool_position(self) -> Array:
        """True tool point (3,) m in the world."""
        return self.engine.tool_position()

    def place_object(self, position: Array, velocity: Array | None = None) -> None:
        """Put the scene's object upright to `position` (3,) m, at rest or with `velocity` (3,) m/s, world."""
        self.engine.place_object(position, np.zeros(3) if velocity is None else velocity)

    def object_pose(self) -> tuple[Array, Array]:
        """True position (3,) m of the scene's object and orientation (4,) xyzw, in the world."""
        return self.engine.object_pose()

    def pose(self) -> tuple[Array, Array, Array]:
        """True base position (3,), orientation (4,) xyzw and joint positions (n,), for pictures."""
        base = self.engine.base()
        return base.position, base.orientation, self.engine.joint_position.copy()

    def close(self) -> None:
        self.engine.close()


def _lasting(domain: Domain) -> tuple[Setting, ...]:
    """What is drawn again at each reset."""
    return tuple(setting for setting in domain.settings if setting.mode != "startup")
