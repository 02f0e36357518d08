"""One actuator model for every engine: PD with strength, torque limits, play and a command line.

What a domain leaves alone costs nothing. The arrays stay the same objects for ever, because
PyBullet's native steps (sim/engines/bullet_steps.c) compute the same torque from them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from contract.state import Array, JointCommand
from sim.domains.domain import Draw
from sim.domains.parameters import NO_SPEED_LIMIT
from sim.gravity import GravityCompensation
from sim.robots.spec import RobotSpec

GRAVITY_UPDATE_STEPS = 4  # physics steps between updates of an arm's gravity compensation (10 ms)
_SHARED = (
    *("target_position", "target_velocity", "target_effort", "feed_forward"),
    *("kp", "kd", "low", "high", "strength"),
)


class Actuators:
    """tau = strength * clip(play(kp (q* - q) + kd (dq* - dq) + feed-forward), ± limit(dq)).

    The controller reads encoders: where one reads too high, the joint is held too low.
    """

    def __init__(self, robot: RobotSpec) -> None:
        n = len(robot.joints)
        self._nominal_kp = np.array([joint.kp for joint in robot.joints])
        self._nominal_kd = np.array([joint.kd for joint in robot.joints])
        self._nominal_limit = np.array([joint.max_effort for joint in robot.joints])
        self.kp, self.kd, self.high, self.low, self.strength = (np.zeros(n) for _ in range(5))
        self.play, self.no_load_speed = np.zeros(n), np.zeros(n)
        self.has_play, self.has_speed_limit = False, False
        self.target_position = np.array([joint.default_position for joint in robot.joints], dtype=float)
        self.target_velocity, self.target_effort, self.feed_forward = (np.zeros(n) for _ in range(3))
        self._torque, self._damping = np.zeros(n), np.zeros(n)
        self._gains: tuple[Array | None, Array | None] = (None, None)  # of the command in force
        self._has_gains = False
        self._kp_scale, self._kd_scale, self._backlash = np.ones(n), np.ones(n), np.zeros(n)
        self._time_step = robot.time_step
        self._latency, self._jitter, self._loss = 0.0, 0.0, 0.0
        self._offset: Array | None = None
        self.gravity = GravityCompensation(robot) if robot.gravity_compensated else None
        self._rng = np.random.default_rng(0)
        self._queue: deque[tuple[int, JointCommand]] = deque()
        self.clock = 0  # physics steps of this episode

    def configure(self, draw: Draw, rng: np.random.Generator) -> None:
        """Take over a domain's draw; jitter and losses are drawn from `rng`."""
        self._rng = rng
        voltage = draw.scalar("battery_voltage_scale")
        self._kp_scale, self._kd_scale = draw["kp_scale"], draw["kd_scale"]
        self._backlash = draw["backlash"]
        np.multiply(self._nominal_limit, draw["torque_limit_scale"] * voltage, out=self.high)
        np.negative(self.high, out=self.low)
        self.strength[:] = draw["joint_strength"]
        self._latency = draw.scalar("action_latency")
        self._jitter = draw.scalar("action_latency_jitter")
        self._loss = draw.scalar("packet_loss")
        self._offset = draw["encoder_offset"] if draw["encoder_offset"].any() else None
        self.has_play = bool(self._backlash.any())
        self._set_gains(*self._gains)
        self.has_speed_limit = bool((draw["motor_no_load_speed"] < NO_SPEED_LIMIT).any())
        self.no_load_speed[:] = voltage * draw["motor_no_load_speed"]

    def reset(self, joint_position: Array) -> None:
        """Forget what was queued, and hold `joint_position` (n,) rad, the true one."""
        self._queue.clear()
        self._aim(JointCommand.hold(joint_position))
        self.clock = 0

    def _aim(self, command: JointCommand) -> None:
        self.target_position[:] = command.position
        self.target_velocity[:] = command.velocity
        self.target_effort[:] = command.effort
        if command.kp is not None or command.kd is not None or self._has_gains:
            self._set_gains(command.kp, command.kd)

    def _set_gains(self, kp: Array | None, kd: Array | None) -> None:
        """Gains of the command in force, where it brings some, and the domain's scales."""
        self._gains, self._has_gains = (kp, kd), kp is not None or kd is not None
        np.multiply(self._nominal_kp if kp is None else kp, self._kp_scale, out=self.kp)
        np.multiply(self._nominal_kd if kd is None else kd, self._kd_scale, out=self.kd)
        np.multiply(0.5 * self.kp, self._backlash, out=self.play)

    def command(self, command: JointCommand) -> None:
        """Queue set-points in order; they act a latency later, unless they are lost."""
        if self._loss and self._rng.random() < self._loss:
            return
        delay = self._latency + (self._jitter * self._rng.random() if self._jitter else 0.0)
        if self._offset is not None:
            command = replace(command, position=command.position - self._offset)
        self._queue.append((self.clock + round(delay / self._time_step), command))

    def arrays(self) -> dict[str, Array]:
        """What a torque is made of, besides the joints' state and the optional effects."""
        return {name: getattr(self, name) for name in _SHARED}

    def steady(self, steps: int) -> int:
        """Take the set-points that are due, and say for how many of the next `steps` they will hold."""
        queue = self._queue
        while queue and queue[0][0] <= self.clock:
            self._aim(queue.popleft()[1])
        return min(steps, queue[0][0] - self.clock) if queue else steps

    def torque(self, position: Array, velocity: Array) -> Array:
        """Torques (n,) N·m for the next physics step, at joint positions (n,) rad and velocities (n,) rad/s.

        The next call overwrites them.
        """
        if self.gravity is not None and self.clock % GRAVITY_UPDATE_STEPS == 0:
            self.feed_forward[:] = self.gravity.torque(position)
        self.clock += 1
        torque, damping = self._torque, self._damping
        np.subtract(self.target_position, position, out=torque)
        np.subtract(self.target_velocity, velocity, out=damping)
        torque *= self.kp
        damping *= self.kd
        torque += damping
        torque += self.target_effort
        torque += self.feed_forward
        if self.has_play:
            self._lose_play(torque)
        if self.has_speed_limit:
            self._limit_by_speed(torque, velocity)
        np.minimum(np.maximum(torque, self.low, out=torque), self.high, out=torque)
        torque *= self.strength
        return torque

    def _lose_play(self, torque: Array) -> None:
        """Gears with play b, of which `play` is the torque kp b / 2.

        A light rotor under PD control gives way by b / 2 before the teeth meet: a smaller torque
        turns only the rotor, a larger one arrives less by that much.
        """
        torque -= np.clip(torque, -self.play, self.play)

    def _limit_by_speed(self, torque: Array, velocity: Array) -> None:
        """Along a motion the limit falls linearly to 0 at the motor's no-load speed; braking keeps it."""
        used = velocity / self.no_load_speed
        high = self.high * np.clip(1.0 - used, 0.0, 1.0)
        low = -self.high * np.clip(1.0 + used, 0.0, 1.0)
        np.minimum(np.maximum(torque, low, out=torque), high, out=torque)
