"""One actuator model for every engine: PD with strength, torque limits, play and a command line.

What a domain leaves alone costs nothing: `configure` builds the list of effects that a step runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from contract.state import Array, JointCommand
from sim.domains.domain import Draw
from sim.domains.parameters import NO_SPEED_LIMIT
from sim.robots.spec import RobotSpec

Effect = Callable[[Array, Array], Array]  # torque and velocity (n,) to torque (n,)


class Actuators:
    """tau = strength * clip(play(kp (q* - q) + kd (dq* - dq) + feed-forward), ± limit(dq)).

    The controller reads encoders: where one reads too high, the joint is held too low.
    """

    def __init__(self, robot: RobotSpec) -> None:
        self._nominal_kp = np.array([joint.kp for joint in robot.joints])
        self._nominal_kd = np.array([joint.kd for joint in robot.joints])
        self._nominal_limit = np.array([joint.max_effort for joint in robot.joints])
        self._kp, self._kd = self._nominal_kp, self._nominal_kd
        self._high, self._low = self._nominal_limit, -self._nominal_limit
        self._torque, self._damping = np.zeros(len(robot.joints)), np.zeros(len(robot.joints))
        self._time_step = robot.time_step
        self._strength = np.ones(len(robot.joints))
        self._latency, self._jitter, self._loss = 0.0, 0.0, 0.0
        self._offset: Array | None = None
        self._effects: tuple[Effect, ...] = ()
        self._rng = np.random.default_rng(0)
        self._queue: deque[tuple[int, JointCommand]] = deque()
        self._active = JointCommand.hold(np.array([joint.default_position for joint in robot.joints]))
        self._clock = 0

    def configure(self, draw: Draw, rng: np.random.Generator) -> None:
        """Take over a domain's draw; jitter and losses are drawn from `rng`."""
        self._rng = rng
        voltage = draw.scalar("battery_voltage_scale")
        self._kp = self._nominal_kp * draw["kp_scale"]
        self._kd = self._nominal_kd * draw["kd_scale"]
        self._high = self._nominal_limit * draw["torque_limit_scale"] * voltage
        self._low = -self._high
        self._strength = draw["joint_strength"]
        self._latency = draw.scalar("action_latency")
        self._jitter = draw.scalar("action_latency_jitter")
        self._loss = draw.scalar("packet_loss")
        self._offset = draw["encoder_offset"] if draw["encoder_offset"].any() else None
        effects = []
        if draw["backlash"].any():
            effects.append(_play(0.5 * self._kp * draw["backlash"]))
        if (draw["motor_no_load_speed"] < NO_SPEED_LIMIT).any():
            effects.append(_torque_speed_curve(self._high, voltage * draw["motor_no_load_speed"]))
        self._effects = tuple(effects)

    def reset(self, joint_position: Array) -> None:
        """Forget what was queued, and hold `joint_position` (n,) rad, the true one."""
        self._queue.clear()
        self._active = JointCommand.hold(joint_position)
        self._clock = 0

    def command(self, command: JointCommand) -> None:
        """Queue set-points in order; they act a latency later, unless they are lost."""
        if self._loss and self._rng.random() < self._loss:
            return
        delay = self._latency + (self._jitter * self._rng.random() if self._jitter else 0.0)
        if self._offset is not None:
            command = JointCommand(command.position - self._offset, command.velocity, command.effort)
        self._queue.append((self._clock + round(delay / self._time_step), command))

    def torque(self, position: Array, velocity: Array, feed_forward: Array) -> Array:
        """Torques (n,) N·m for this physics step, at joint positions (n,) rad and velocities (n,) rad/s.

        The next call may overwrite them.
        """
        while self._queue and self._queue[0][0] <= self._clock:
            self._active = self._queue.popleft()[1]
        self._clock += 1
        active = self._active
        torque, damping = self._torque, self._damping
        np.subtract(active.position, position, out=torque)
        np.subtract(active.velocity, velocity, out=damping)
        torque *= self._kp
        damping *= self._kd
        torque += damping
        torque += active.effort
        torque += feed_forward
        for effect in self._effects:
            torque = effect(torque, velocity)
        np.minimum(np.maximum(torque, self._low, out=torque), self._high, out=torque)
        torque *= self._strength
        return torque


def _play(threshold: Array) -> Effect:
    """Gears with play b = 2 threshold / kp.

    A light rotor under PD control gives way by b / 2 before the teeth meet: a torque below
    kp b / 2 (N·m) turns only the rotor, a larger one arrives less by that much.
    """

    def play(torque: Array, velocity: Array) -> Array:
        return np.asarray(torque - np.clip(torque, -threshold, threshold))

    return play


def _torque_speed_curve(stall_torque: Array, no_load_speed: Array) -> Effect:
    """A motor's torque along its motion falls linearly to 0 at `no_load_speed`; braking keeps its limit."""

    def curve(torque: Array, velocity: Array) -> Array:
        used = velocity / no_load_speed
        high = stall_torque * np.clip(1.0 - used, 0.0, 1.0)
        low = -stall_torque * np.clip(1.0 + used, 0.0, 1.0)
        return np.asarray(np.minimum(np.maximum(torque, low), high))

    return curve
