"""What a robot's own sensors say: late, biased, noisy, turned, or nothing new at all.

What a domain leaves alone costs nothing, but for the noise of joints and gyro, which is always drawn.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from contract.rotation import quaternion_matrix
from contract.state import Array, RobotState
from sim.domains.domain import Draw
from sim.engines.protocol import BaseMotion, Engine
from sim.quaternions import from_vector, nudged, product
from sim.robots.spec import RobotSpec

JointReading = tuple[Array, Array, Array]  # positions, velocities, efforts (n,)


class Sensors:
    """Encoders and, where the base floats, an IMU."""

    def __init__(self, spec: RobotSpec, engine: Engine) -> None:
        self._spec = spec
        self._engine = engine
        self._joints: deque[JointReading] = deque(maxlen=1)
        self._base: deque[BaseMotion] = deque(maxlen=1)
        self.late = False  # whether `record` has to be called after each step
        self._last: RobotState | None = None
        self._last_velocity, self._last_step = np.zeros(3), 0

    def configure(self, draw: Draw, rng: np.random.Generator, gravity: Array) -> None:
        """Take over a domain's draw; `gravity` (3,) m/s² is in the frame of the ground."""
        self._rng, self._gravity, self._slope = rng, gravity, _slope(draw)
        self._joint_noise = draw["joint_position_noise"], draw["joint_velocity_noise"]
        self._joint_bias = _unless_zero(draw["encoder_offset"]), _unless_zero(draw["joint_velocity_bias"])
        self._imu_noise = draw.scalar("gyro_noise"), draw.scalar("orientation_noise")
        self._imu_bias = _unless_zero(draw["gyro_bias"]), _unless_zero(draw["accelerometer_bias"])
        self._accelerometer_noise = draw.scalar("accelerometer_noise")
        misaligned = _unless_zero(draw["imu_misalignment"])
        self._mount = None if misaligned is None else from_vector(misaligned)
        self._loss = draw.scalar("sensor_loss")
        self._starts_moving = bool(draw["start_velocity"].any())
        joint_lag, imu_lag = self._lag(draw, "joint_sensor_latency"), self._lag(draw, "imu_latency")
        self._joints = deque(self._joints, maxlen=joint_lag + 1)
        self._base = deque(self._base, maxlen=imu_lag + 1)
        self.late = joint_lag + imu_lag > 0
        if not self.late:  # nobody records, and what is there grows old
            self._joints.clear()
            self._base.clear()
        elif not self._joints:
            self.record(np.zeros(len(self._spec.joints)))

    def _lag(self, draw: Draw, name: str) -> int:
        return round(draw.scalar(name) / self._spec.time_step)

    def reset(self, step: int) -> None:
        """A new episode begins at physics step `step`: forget what was read before it."""
        self._joints.clear()
        self._base.clear()
        self._last = None
        self._last_step = step
        self._last_velocity = self._engine.base().linear_velocity if self._starts_moving else np.zeros(3)
        if self.late:
            self.record(np.zeros(len(self._spec.joints)))

    def record(self, torque: Array) -> None:
        """Remember this moment for when it will be read."""
        engine = self._engine
        self._joints.append((engine.joint_position.copy(), engine.joint_velocity.copy(), torque.copy()))
        if self._spec.floating_base:
            self._base.append(engine.base())

    def read(self, torque: Array, step: int) -> RobotState:
        """The sensors at physics step `step`, while `torque` (n,) N·m acts."""
        if self._loss and self._last is not None and self._rng.random() < self._loss:
            return self._last.copy()
        noise, n = self._rng.standard_normal, len(torque)
        position, velocity, effort = self._joint_reading(torque)
        state = RobotState(
            position + self._joint_noise[0] * noise(n),
            velocity + self._joint_noise[1] * noise(n),
            effort,
            stamp=round(step * self._spec.time_step * 1e9),
        )
        if self._joint_bias[0] is not None:
            state.joint_position += self._joint_bias[0]
        if self._joint_bias[1] is not None:
            state.joint_velocity += self._joint_bias[1]
        if self._spec.floating_base:
            self._read_imu(state, step)
        if self._loss:
            self._last = state.copy()
        return state

    def _joint_reading(self, torque: Array) -> JointReading:
        if self.late:
            position, velocity, effort = self._joints[0]
            return position, velocity, effort.copy()
        return self._engine.joint_position, self._engine.joint_velocity, torque.copy()

    def _read_imu(self, state: RobotState, step: int) -> None:
        base = self._base[0] if self.late else self._engine.base()
        noise = self._rng.standard_normal
        orientation = base.orientation if self._mount is None else product(base.orientation, self._mount)
        rotation = quaternion_matrix(orientation)
        elapsed = max(1, step - self._last_step) * self._spec.time_step
        acceleration = (base.linear_velocity - self._last_velocity) / elapsed - self._gravity
        self._last_velocity, self._last_step = base.linear_velocity, step
        state.gyro = rotation.T @ base.angular_velocity + self._imu_noise[0] * noise(3)
        state.accelerometer = rotation.T @ acceleration
        if self._imu_bias[0] is not None:
            state.gyro += self._imu_bias[0]
        if self._imu_bias[1] is not None:
            state.accelerometer += self._imu_bias[1]
        if self._slope is not None:
            orientation = product(self._slope, orientation)
        state.orientation = nudged(orientation, self._imu_noise[1] * noise(3))
        if self._accelerometer_noise:
            state.accelerometer += self._accelerometer_noise * noise(3)


def _unless_zero(values: Array) -> Array | None:
    return values if values.any() else None


def _slope(draw: Draw) -> Array | None:
    """The ground's orientation (4,) xyzw against the horizontal; None where it is level."""
    roll, pitch = draw.scalar("ground_roll"), draw.scalar("ground_pitch")
    if not roll and not pitch:
        return None
    return product(from_vector(np.array([0.0, pitch, 0.0])), from_vector(np.array([roll, 0.0, 0.0])))
