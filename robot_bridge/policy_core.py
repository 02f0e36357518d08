"""The control loop's mind: sensors and a command in, a set-point and a record of the tick out.

INACTIVE says nothing. Once activated, it holds the measured pose until sensors and command
are good, ramps from the pose measured then to the policy's set-points, and runs. Whenever
something is wrong it holds where it is, and ramps in again afterwards with a fresh history; after an
action that is not finite only once the stop that it causes has been reset. A recurrent policy's
memory begins with the first tick whose action leaves unblended, and advances with every such tick.
"""

from __future__ import annotations

import numpy as np

from contract.state import Array
from policies.runtime import Policy
from robot_bridge.exploration import Exploration
from robot_bridge.safety import SafetyFilter, SensorSample
from robot_bridge.task_command import TaskCommand
from robot_bridge.tick import Mode, Tick


class PolicyCore:
    """One policy on one robot. All times are seconds on the caller's clock.

    Args:
        exploration: deviations for data collection; None follows the policy exactly.
    """

    def __init__(self, policy: Policy, exploration: Exploration | None = None) -> None:
        contract = policy.contract
        self._policy = policy
        self._session = policy.session()
        self._exploration = exploration
        self._scale = np.array(contract.action.scale)
        self._ramp_in = contract.safety.ramp_in
        self.safety = SafetyFilter(contract)
        self.command = TaskCommand(contract.command)
        self.mode = Mode.INACTIVE
        self.hold_cause: str | None = None
        self.blocked: str | None = None  # a cause to hold that only the caller can know
        self._measured: Array | None = None  # (n,) rad, the last finite pose
        self._held = np.zeros(0)
        self._ramp_from = np.zeros(0)
        self._ramp_start = 0.0
        self._session_tick = 0
        self._last_command = np.zeros(0)

    def activate(self) -> None:
        """From the next tick on there are set-points, beginning at the measured pose."""
        self.mode = Mode.HOLDING
        self._measured = None
        self.hold_cause = None

    def deactivate(self) -> Array | None:
        """Stop; returns the pose (n,) rad to hold, or None if none was ever measured."""
        self.mode = Mode.INACTIVE
        return None if self._measured is None else self.safety.limit(self._measured, self._measured)

    def tick(self, number: int, now: float, sample: SensorSample | None) -> Tick | None:
        """Decide one tick; None means that nothing may be published.

        Args:
            number: of the control deadline.
            now: s.
            sample: the newest sensors, or None if there are none that can be read.
        """
        if self.mode is Mode.INACTIVE:
            return None
        cause = self.safety.fault(sample, now)
        if sample is not None and np.isfinite(sample.state.joint_position).all():
            self._note_pose(sample.state.joint_position)
        cause = cause or self.blocked
        if cause is None and self.command.current(now) is None:
            cause = "no_command"
        if cause is not None or sample is None:
            return self._hold(number, cause or "no_sensors", sample)
        if self.mode is Mode.HOLDING:
            self._resume(now, sample.state.joint_position)
        return self._act(number, now, sample)

    def _note_pose(self, measured: Array) -> None:
        if self._measured is None:
            self.safety.begin(measured)
        self._measured = measured

    def _hold(self, number: int, cause: str, sample: SensorSample | None) -> Tick | None:
        if self._measured is None:
            return None  # nothing measured since activation: nowhere to hold
        if self.mode is not Mode.HOLDING or self.hold_cause is None:
            self._held = self._measured
        self.mode, self.hold_cause = Mode.HOLDING, cause
        contract = self._policy.contract
        return Tick(
            number,
            -1,
            Mode.HOLDING,
            sample.joint_stamp if sample else 0,
            sample.imu_stamp if sample else 0,
            np.full(len(contract.command.fields), np.nan),
            np.full(contract.observation_size, np.nan, dtype=np.float32),
            np.full(len(contract.joints), np.nan),
            self.safety.limit(self._held, self._measured),
            sample.object_stamp if sample else 0,
        )

    def _resume(self, now: float, measured: Array) -> None:
        self.mode, self.hold_cause = Mode.RAMPING, None
        self._ramp_from, self._ramp_start = measured, now
        self._session.reset()
        self._policy.reset()
        self._session_tick = 0
        self._last_command = np.zeros(0)

    def _act(self, number: int, now: float, sample: SensorSample) -> Tick | None:
        command = self.command.current(now)
        assert command is not None
        progress = (now - self._ramp_start) / self._ramp_in if self._ramp_in > 0 else 1.0
        self.mode = Mode.RUNNING if progress >= 1.0 else Mode.RAMPING
        observation = self._session.observe(sample.state, command).copy()
        action = self._choose(self._policy(observation), command)
        if self.mode is Mode.RAMPING:
            # What leaves is a blend: a memory of it would know a robot that does not obey.
            self._policy.reset()
        if not np.isfinite(action).all():
            self.safety.counts["non_finite_action"] += 1
            # Latched: trying again each tick would follow the robot as it sags.
            self.safety.emergency_stop("non_finite_action")
            return self._hold(number, "non_finite_action", sample)
        set_point = self._session.act(action).position
        if self.mode is Mode.RAMPING:
            set_point = self._ramp_from + max(progress, 0.0) * (set_point - self._ramp_from)
        measured = sample.state.joint_position
        session_tick = self._session_tick
        self._session_tick += 1
        return Tick(
            number,
            session_tick,
            self.mode,
            sample.joint_stamp,
            sample.imu_stamp,
            command,
            observation,
            action,
            self.safety.limit(set_point, measured),
            sample.object_stamp,
        )

    def _choose(self, action: Array, command: Array) -> Array:
        """The action (n,) rad that is applied, and remembered as the previous one."""
        changed = not np.array_equal(command, self._last_command)
        self._last_command = command
        if self._exploration is not None:
            if changed:
                self._exploration.new_segment()
            if self.mode is Mode.RUNNING and np.isfinite(action).all():
                return self._exploration.apply(action)
        return np.asarray(np.clip(action, -self._scale, self._scale))
