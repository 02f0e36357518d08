"""One actuator model for every engine: PD with strength, torque limit and set-point delay."""

from __future__ import annotations

from collections import deque

import numpy as np

from contract.state import Array, JointCommand
from sim.domains.domain import Draw
from sim.robots.spec import RobotSpec


class Actuators:
    """tau = strength * clip(kp (q* - q) + kd (dq* - dq) + feed-forward, ± max_effort)."""

    def __init__(self, robot: RobotSpec) -> None:
        self._kp = np.array([joint.kp for joint in robot.joints])
        self._kd = np.array([joint.kd for joint in robot.joints])
        self._limit = np.array([joint.max_effort for joint in robot.joints])
        self._time_step = robot.time_step
        self._strength = np.ones(len(robot.joints))
        self._delay = 0
        self._queue: deque[tuple[int, JointCommand]] = deque()
        self._active = JointCommand.hold(np.array([joint.default_position for joint in robot.joints]))
        self._clock = 0

    def reset(self, draw: Draw, joint_position: Array) -> None:
        """Take over a domain's draw and hold `joint_position` (n,) rad."""
        self._strength = draw["joint_strength"]
        self._delay = round(draw.scalar("action_latency") / self._time_step)
        self._queue.clear()
        self._active = JointCommand.hold(joint_position)
        self._clock = 0

    def command(self, command: JointCommand) -> None:
        """Queue set-points; they act `action_latency` later."""
        self._queue.append((self._clock + self._delay, command))

    def torque(self, position: Array, velocity: Array, feed_forward: Array) -> Array:
        """Torques (n,) N·m for this physics step, at joint positions (n,) rad and velocities (n,) rad/s."""
        while self._queue and self._queue[0][0] <= self._clock:
            self._active = self._queue.popleft()[1]
        self._clock += 1
        active = self._active
        torque = self._kp * (active.position - position) + self._kd * (active.velocity - velocity)
        torque += active.effort + feed_forward
        np.minimum(np.maximum(torque, -self._limit, out=torque), self._limit, out=torque)
        return np.asarray(torque * self._strength)
