"""What robots' own sensors say: late, biased, noisy, turned, or nothing new at all.

One object serves all robots of a process, so that numpy is called once for all of them. Each row
has its own errors and its own generator: what a robot senses does not depend on its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.rotation import quaternion_matrix
from contract.state import Array, RobotState
from sim.domains.domain import Domain, Draw
from sim.motion import Motion
from sim.quaternions import from_vector, nudged, product
from sim.robots.spec import RobotSpec

Flags = NDArray[np.bool_]  # (rows,)
Slots = NDArray[np.int_]  # (rows,)

LATENCIES = ("joint_sensor_latency", "imu_latency")
ALL = slice(None)


@dataclass
class _Errors:
    """The drawn errors of every robot's sensors; the first axis is the robot."""

    position_noise: Array  # (robots, n) rad
    velocity_noise: Array
    position_bias: Array
    velocity_bias: Array
    gyro_noise: Array  # (robots, 1) rad/s
    orientation_noise: Array  # (robots, 1) rad
    accelerometer_noise: Array  # (robots, 1) m/s²
    gyro_bias: Array  # (robots, 3)
    accelerometer_bias: Array
    mount: Array  # (robots, 4) xyzw, of the IMU in the base
    slope: Array  # (robots, 4) xyzw, of the ground against the horizontal
    loss: Array  # (robots,) probability that a reading is not new
    gravity: Array  # (robots, 3) m/s², in the frame of the ground

    @classmethod
    def none(cls, robots: int, n: int) -> _Errors:
        """Sensors without errors."""
        joints, one, axes, turned = ((robots, width) for width in (n, 1, 3, 4))
        shapes = [*[joints] * 4, *[one] * 3, *[axes] * 2, *[turned] * 2, (robots,), axes]
        return cls(*(np.zeros(shape) for shape in shapes))


class Sensors:
    """Encoders and, where the base floats, an IMU, of `robots` robots."""

    def __init__(self, spec: RobotSpec, domain: Domain, robots: int = 1) -> None:
        n = len(spec.joints)
        self._spec = spec
        late = [s for s in domain.settings if s.parameter.name in LATENCIES]
        longest = max((setting.support(0.0)[1] for setting in late), default=0.0)
        self.motion = Motion.of(robots, n, 1 + self._steps(longest))
        self.now = np.zeros(robots, dtype=int)  # physics steps that each robot has made
        self.heard = self.now.copy()  # the step of each robot's newest reading that was not lost
        self._start, self._last_step = self.now.copy(), self.now.copy()
        self._lag = np.zeros((2, robots), dtype=int)  # physics steps, of joints and IMU
        self._errors = _Errors.none(robots, n)
        self._generators = [np.random.default_rng(0)] * robots
        self._noise = np.zeros((robots, 2 * n + (9 if spec.floating_base else 0)))
        self._last_velocity = np.zeros((robots, 3))
        self._last: RobotState | None = None
        self._fresh = np.ones(robots, dtype=bool)  # there is no reading of this episode to repeat
        self._starts_moving = [False] * robots
        self._notice()

    def _steps(self, seconds: float) -> int:
        return round(seconds / self._spec.time_step)

    def configure(self, row: int, draw: Draw, rng: np.random.Generator, gravity: Array) -> None:
        """Take over a draw for one robot; `gravity` (3,) m/s² is in the frame of the ground."""
        e = self._errors
        self._generators[row] = rng
        e.position_noise[row], e.velocity_noise[row] = (
            draw["joint_position_noise"],
            draw["joint_velocity_noise"],
        )
        e.position_bias[row], e.velocity_bias[row] = draw["encoder_offset"], draw["joint_velocity_bias"]
        e.gyro_noise[row], e.orientation_noise[row] = (
            draw.scalar("gyro_noise"),
            draw.scalar("orientation_noise"),
        )
        e.accelerometer_noise[row] = draw.scalar("accelerometer_noise")
        e.gyro_bias[row], e.accelerometer_bias[row] = draw["gyro_bias"], draw["accelerometer_bias"]
        e.mount[row] = from_vector(draw["imu_misalignment"])
        e.slope[row] = _slope(draw)
        e.loss[row], e.gravity[row] = draw.scalar("sensor_loss"), gravity
        self._starts_moving[row] = bool(draw["start_velocity"].any())
        self._lag[:, row] = [self._steps(draw.scalar(name)) for name in LATENCIES]
        self._notice()

    def _notice(self) -> None:
        """Which errors any robot has; the others cost nothing."""
        e = self._errors
        self.late = bool(self._lag.any())
        self._biased = any(
            b.any() for b in (e.position_bias, e.velocity_bias, e.gyro_bias, e.accelerometer_bias)
        )
        self._mounted, self._sloped = bool((e.mount[:, 3] != 1.0).any()), bool((e.slope[:, 3] != 1.0).any())
        self._lossy = bool(e.loss.any())

    def reset(self, row: int) -> None:
        """A new episode of one robot begins with what `motion` holds of it now."""
        now = int(self.now[row])
        self._start[row] = self._last_step[row] = now
        velocity = self.motion.linear_velocity[row, now % self.motion.slots]
        self._last_velocity[row] = velocity if self._starts_moving[row] else 0.0
        self._fresh[row] = True

    def read(self, rows: slice = ALL) -> RobotState:
        """The sensors of these robots now: a state whose arrays are (len(rows), ...), without stamp."""
        lost = self._draw(rows)
        e, n = self._errors, len(self._spec.joints)
        noise, slot = self._noise[rows], self._slots(0, rows)
        motion, robots = self.motion, np.arange(len(self.now))[rows]
        state = RobotState(
            motion.joint_position[robots, slot] + e.position_noise[rows] * noise[:, :n],
            motion.joint_velocity[robots, slot] + e.velocity_noise[rows] * noise[:, n : 2 * n],
            motion.torque[robots, slot],
        )
        if self._biased:
            state.joint_position += e.position_bias[rows]
            state.joint_velocity += e.velocity_bias[rows]
        if self._spec.floating_base:
            self._read_imu(state, rows, noise[:, 2 * n :], ~lost)
        self.heard[rows][~lost] = self.now[rows][~lost]
        if self._lossy:
            self._repeat(state, rows, lost)
        self._fresh[rows] = self._errors.loss[rows] == 0.0  # then nobody remembers it
        return state

    def _draw(self, rows: slice) -> Flags:
        """Fill the noise of these robots; returns which of them repeat their last reading instead."""
        e, fresh = self._errors, self._fresh
        lost = np.zeros(len(self.now), dtype=bool)
        for row in range(*rows.indices(len(lost))):
            rng = self._generators[row]
            if self._lossy and e.loss[row] and not fresh[row] and rng.random() < e.loss[row]:
                lost[row] = True
                continue
            silent = 3 if self._spec.floating_base and not e.accelerometer_noise[row, 0] else 0
            noise = self._noise[row]
            rng.standard_normal(out=noise[: len(noise) - silent])
        return lost[rows]

    def _slots(self, kind: int, rows: slice) -> Slots:
        """Where in `motion` the reading is that arrives now; none is older than the episode."""
        now = self.now[rows]
        if self.late:
            now = np.maximum(now - self._lag[kind, rows], self._start[rows])
        return np.asarray(now % self.motion.slots)

    def _read_imu(self, state: RobotState, rows: slice, noise: Array, heard: Flags) -> None:
        e, motion, slot = self._errors, self.motion, self._slots(1, rows)
        robots = np.arange(len(self.now))[rows]
        orientation, velocity = motion.orientation[robots, slot], motion.linear_velocity[robots, slot]
        if self._mounted:
            orientation = product(orientation, e.mount[rows])
        into_body = np.swapaxes(quaternion_matrix(orientation), -1, -2)
        elapsed = np.maximum(1, self.now[rows] - self._last_step[rows]) * self._spec.time_step
        acceleration = (velocity - self._last_velocity[rows]) / elapsed[:, None] - e.gravity[rows]
        self._last_velocity[rows][heard] = velocity[heard]
        self._last_step[rows][heard] = self.now[rows][heard]
        state.gyro = (into_body @ motion.angular_velocity[robots, slot][..., None])[..., 0]
        state.gyro += e.gyro_noise[rows] * noise[:, :3]
        state.accelerometer = (into_body @ acceleration[..., None])[..., 0]
        if self._biased:
            state.gyro += e.gyro_bias[rows]
            state.accelerometer += e.accelerometer_bias[rows]
        if self._sloped:
            orientation = product(e.slope[rows], orientation)
        state.orientation = nudged(orientation, e.orientation_noise[rows] * noise[:, 3:6])
        state.accelerometer += e.accelerometer_noise[rows] * noise[:, 6:]

    def _repeat(self, state: RobotState, rows: slice, lost: Flags) -> None:
        """Where a reading was lost, the one before stands; remembers what was read."""
        if self._last is None:
            self._last = RobotState(np.zeros(0), np.zeros(0), np.zeros(0))
            for name, values in vars(state).items():
                if _many(values):
                    setattr(self._last, name, np.zeros((len(self.now), *values.shape[1:])))
        for name, values in vars(state).items():
            if _many(values):
                last = getattr(self._last, name)[rows]
                values[lost] = last[lost]
                last[:] = values


def _many(values: object) -> bool:
    """Whether a field of a state has a row for each robot; a robot without IMU keeps single defaults."""
    return isinstance(values, np.ndarray) and values.ndim == 2


def _slope(draw: Draw) -> Array:
    """The ground's orientation (4,) xyzw against the horizontal."""
    roll, pitch = draw.scalar("ground_roll"), draw.scalar("ground_pitch")
    return product(from_vector(np.array([0.0, pitch, 0.0])), from_vector(np.array([roll, 0.0, 0.0])))
