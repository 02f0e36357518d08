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
from sim.domains.domain import Domain, Draw
from sim.engines import make_engine
from sim.gravity import GravityCompensation
from sim.robots.spec import RobotSpec

GRAVITY_UPDATE_STEPS = 4  # physics steps between updates of an arm's gravity compensation (10 ms)


@dataclass
class Truth:
    """What only a simulator knows; rewards and critics may use it, policies may not."""

    base_position: Array  # (3,) m, world
    base_linear_velocity: Array  # (3,) m/s, base frame
    base_angular_velocity: Array  # (3,) rad/s, base frame
    foot_contacts: Array  # (feet,)


class SimulatedRobot:
    """One robot in one domain."""

    def __init__(self, spec: RobotSpec, domain: Domain, seed: int | np.random.Generator = 0) -> None:
        domain.check(spec)
        self.spec = spec
        self.domain = domain
        self._rng = np.random.default_rng(seed)
        self._engine = make_engine(domain.engine_name, spec)
        self._actuators = Actuators(spec)
        self._gravity = GravityCompensation(spec) if spec.gravity_compensated else None
        self._default = np.array([joint.default_position for joint in spec.joints])
        self._feed_forward = np.zeros_like(self._default)
        self.torque = np.zeros_like(self._default)
        self.drawn = Draw()
        self._steps = 0
        self._last_velocity = np.zeros(3)
        self._last_sense = 0

    @property
    def time(self) -> float:
        """Simulated seconds since the robot was made; resets do not turn it back."""
        return self._steps * self.spec.time_step

    def reseed(self, rng: np.random.Generator) -> None:
        """Draw domain parameters and noise from `rng` from now on."""
        self._rng = rng

    def reset(self, joint_position: Array | None = None) -> None:
        """Draw the domain's parameters and place the robot at rest at `joint_position` (n,) rad."""
        position = self._default if joint_position is None else joint_position
        self.drawn = self.domain.draw(self.spec, self._rng)
        self._engine.apply(self.drawn)
        self._engine.reset(position, self.spec.base_height)
        self._actuators.configure(self.drawn, self._rng)
        self._actuators.reset(position)
        self._last_velocity = np.zeros(3)
        self._last_sense = self._steps
        self.torque = np.zeros_like(self._default)

    def command(self, command: JointCommand) -> None:
        """Take new set-points; they act after the domain's action latency and then stay."""
        self._actuators.command(command)

    def step(self, steps: int) -> None:
        """Advance the physics by `steps` of `spec.time_step`."""
        engine = self._engine
        for i in range(steps):
            if self._gravity and (i % GRAVITY_UPDATE_STEPS == 0):
                self._feed_forward = self._gravity.torque(engine.joint_position)
            self.torque = self._actuators.torque(
                engine.joint_position, engine.joint_velocity, self._feed_forward
            )
            engine.step(self.torque)
        self._steps += steps

    def sense(self) -> RobotState:
        """Read the robot's own sensors, with the domain's noise."""
        noise, drawn = self._rng.standard_normal, self.drawn
        n = len(self._default)
        state = RobotState(
            self._engine.joint_position + drawn["joint_position_noise"] * noise(n) + drawn["encoder_offset"],
            self._engine.joint_velocity + drawn["joint_velocity_noise"] * noise(n),
            self.torque.copy(),
            stamp=round(self.time * 1e9),
        )
        if self.spec.floating_base:
            self._sense_imu(state)
        return state

    def _sense_imu(self, state: RobotState) -> None:
        base = self._engine.base()
        noise, drawn = self._rng.standard_normal, self.drawn
        rotation = quaternion_matrix(base.orientation)
        elapsed = max(1, self._steps - self._last_sense) * self.spec.time_step
        acceleration = (base.linear_velocity - self._last_velocity) / elapsed
        acceleration[2] += drawn.scalar("gravity")
        self._last_velocity, self._last_sense = base.linear_velocity, self._steps
        state.gyro = rotation.T @ base.angular_velocity + drawn.scalar("gyro_noise") * noise(3)
        state.accelerometer = rotation.T @ acceleration
        state.orientation = _tilted(base.orientation, drawn.scalar("orientation_noise") * noise(3))

    def truth(self) -> Truth:
        """The state as an all-seeing observer knows it."""
        base = self._engine.base()
        rotation = quaternion_matrix(base.orientation)
        return Truth(
            base.position,
            rotation.T @ base.linear_velocity,
            rotation.T @ base.angular_velocity,
            self._engine.foot_contacts() if self.spec.feet else np.zeros(0),
        )

    def tool_position(self) -> Array:
        """True tool point (3,) m in the world."""
        return self._engine.tool_position()

    def pose(self) -> tuple[Array, Array, Array]:
        """True base position (3,), orientation (4,) xyzw and joint positions (n,), for pictures."""
        base = self._engine.base()
        return base.position, base.orientation, self._engine.joint_position.copy()

    def close(self) -> None:
        self._engine.close()


def _tilted(xyzw: Array, rotation_vector: Array) -> Array:
    """Rotate by a small rotation vector (rad, body frame), to first order, renormalised."""
    x, y, z, w = xyzw
    a, b, c = rotation_vector / 2.0
    turned = np.array(
        [
            x + w * a + y * c - z * b,
            y + w * b + z * a - x * c,
            z + w * c + x * b - y * a,
            w - x * a - y * b - z * c,
        ]
    )
    return np.asarray(turned / np.linalg.norm(turned))
