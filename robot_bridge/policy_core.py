"""The control loop's mind: sensors and a command in, a set-point and a record of the tick out.

INACTIVE says nothing. Once activated, it holds the measured pose until sensors and command
are good, ramps from the pose measured then to the policy's set-points, and runs. Whenever
something is wrong it holds, and ramps in again afterwards with a fresh history; after an action that is not
finite only once the stop that it causes has been reset. A recurrent policy's memory begins with the first
tick whose action leaves unblended, and advances with every such tick.

An arm holds where it is. A robot that can fall and was acting goes to its default pose, on all its legs,
within `STAND` seconds: in the middle of a step it would topple. Once it has tipped over it holds where it is.
"""

from __future__ import annotations

import math

import numpy as np

from contract.record import Contract
from contract.state import Array
from policies.runtime import Policy
from robot_bridge.exploration import Exploration
from robot_bridge.safety import TILT, SafetyFilter, SensorSample
from robot_bridge.succession import Succession, SwapRules
from robot_bridge.task_command import TaskCommand
from robot_bridge.tick import Mode, Tick

MISSED = "missed_deadlines"
STAND = 0.15  # s, from a step to all legs; a robot that freezes instead topples


class PolicyCore:
    """One policy on one robot. All times are seconds on the caller's clock.

    Args:
        exploration: deviations for data collection; None follows the policy exactly.
        limits: the policy's contract with the limits of this deployment; None: its own.
        rules: for policies that take over while the robot runs.
    """

    def __init__(
        self,
        policy: Policy,
        exploration: Exploration | None = None,
        limits: Contract | None = None,
        rules: SwapRules | None = None,
    ) -> None:
        self._contract = contract = limits or policy.contract
        self.succession = Succession(policy, rules)
        self._session = policy.session()
        self._exploration = exploration
        self._scale = np.array(contract.action.scale)
        self._ramp_in = contract.safety.ramp_in
        self.safety = SafetyFilter(contract)
        self.command = TaskCommand(contract.command)
        self.mode = Mode.INACTIVE
        self.hold_cause: str | None = None
        self.blocked: str | None = None  # a cause to hold that only the caller can know
        self._can_fall = contract.safety.tilt_limit is not None
        self._default = np.array([joint.default_position for joint in contract.joints])
        self.has_acted = False  # since the activation
        self._longest_pause = contract.safety.sensor_timeout
        self._ticked: float | None = None  # s, when the last tick was
        self._measured: Array | None = None  # (n,) rad, the last finite pose
        self._held = self._left = np.zeros(0)  # (n,) rad: what to hold, and the set-point before that
        self._hold_start = 0.0
        self._ramp_from = np.zeros(0)
        self._ramp_start = 0.0
        self._session_tick = 0
        self._last_command = b""

    def activate(self) -> None:
        """From the next tick on there are set-points, beginning at the measured pose."""
        self.mode = Mode.HOLDING
        self._measured = self._ticked = None
        self.hold_cause, self.has_acted = None, False

    def deactivate(self) -> list[Array]:
        """Stop; returns the last set-points (n,) rad, a control period apart; none if nothing was measured.

        An arm holds where it is, a robot that was walking needs some to stand.
        """
        acted, self.mode = self.mode in (Mode.RAMPING, Mode.RUNNING), Mode.INACTIVE
        self.succession.roll_back("deactivated")
        if self._measured is None:
            return []
        if not (acted and self._can_fall):
            return [self.safety.limit(self._measured, self._measured)]
        steps, left = math.ceil(STAND / self._contract.control_period), self.safety.last
        way = [left + (k + 1) / steps * (self._default - left) for k in range(steps)]
        return [self.safety.limit(set_point, set_point) for set_point in way]

    def tick(self, number: int, now: float, sample: SensorSample | None) -> Tick | None:
        """Decide one tick; None means that nothing may be published.

        Args:
            number: of the control deadline.
            now: s.
            sample: the newest sensors, or None if there are none that can be read.
        """
        if self.mode is Mode.INACTIVE:
            return None
        pause = self._pause(now)
        cause = self.safety.fault(sample, now)
        if sample is not None and np.isfinite(sample.state.joint_position).all():
            self._note_pose(sample.state.joint_position)
        cause = cause or self.blocked or pause
        if cause is None and self.command.current(now) is None:
            cause = "no_command"
        if cause is not None or sample is None:
            return self._hold(number, now, cause or "no_sensors", sample)
        if self.mode is Mode.HOLDING:
            self._resume(now, sample.state.joint_position)
        return self._act(number, now, sample)

    def prepare(self) -> None:
        """Do now, while nobody waits, what the next tick needs in any case."""
        if self.mode in (Mode.RAMPING, Mode.RUNNING):
            self._session.prepare()

    def _pause(self, now: float) -> str | None:
        """A loop that stood still acts on a robot that has gone on: it begins anew."""
        before, self._ticked = self._ticked, now
        if before is None or 0.0 <= now - before <= self._longest_pause:
            return None
        self.safety.counts[MISSED] += 1
        return MISSED

    def _note_pose(self, measured: Array) -> None:
        if self._measured is None:
            self.safety.begin(measured)
        self._measured = measured

    def _hold(self, number: int, now: float, cause: str, sample: SensorSample | None) -> Tick | None:
        if self._measured is None:
            return None  # nothing measured since activation: nowhere to hold
        if self.mode is not Mode.HOLDING or self.hold_cause is None:
            stands = self._can_fall and self.mode is not Mode.HOLDING and cause != TILT
            self._held = self._default if stands else self._measured
            self._left = self.safety.last if stands else self._measured
            self._hold_start = now
        elif cause == TILT and self.hold_cause != TILT:
            self._held = self._left = self._measured
        self.mode, self.hold_cause = Mode.HOLDING, cause
        if self.safety.stopped is not None or cause == MISSED:  # a newcomer may be too slow
            self.succession.roll_back(cause)
        contract = self._contract
        return Tick(
            number,
            -1,
            Mode.HOLDING,
            sample.joint_stamp if sample else 0,
            sample.imu_stamp if sample else 0,
            np.full(len(contract.command.fields), np.nan),
            np.full(contract.observation_size, np.nan, dtype=np.float32),
            np.full(len(contract.joints), np.nan),
            self.safety.limit(self._way(now), self._measured),
            sample.object_stamp if sample else 0,
        )

    def _way(self, now: float) -> Array:
        """Set-point (n,) rad on the way to what is held."""
        progress = min(max((now - self._hold_start) / STAND, 0.0), 1.0)
        return np.asarray(self._left + progress * (self._held - self._left))

    def _resume(self, now: float, measured: Array) -> None:
        self.mode, self.hold_cause = Mode.RAMPING, None
        self._ramp_from, self._ramp_start = measured, now
        self._session.reset()
        self.succession.reset()
        self._session_tick = 0
        self._last_command = b""

    def _act(self, number: int, now: float, sample: SensorSample) -> Tick | None:
        command = self.command.current(now)
        assert command is not None
        progress = (now - self._ramp_start) / self._ramp_in if self._ramp_in > 0 else 1.0
        self.mode, self.has_acted = Mode.RUNNING if progress >= 1.0 else Mode.RAMPING, True
        observation = self._session.observe(sample.state, command).copy()
        action = self._choose(self.succession(observation), command)
        if self.mode is Mode.RAMPING:
            # What leaves is a blend: a memory of it would know a robot that does not obey.
            self.succession.reset()
        if not np.isfinite(action).all():
            self.safety.counts["non_finite_action"] += 1
            # Latched: trying again each tick would follow the robot as it sags.
            self.safety.emergency_stop("non_finite_action")
            return self._hold(number, now, "non_finite_action", sample)
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
        changed = command.tobytes() != self._last_command
        self._last_command = command.tobytes()
        if self._exploration is not None:
            if changed:
                self._exploration.new_segment()
            if self.mode is Mode.RUNNING and np.isfinite(action).all():
                return self._exploration.apply(action)
        return np.asarray(np.minimum(np.maximum(action, -self._scale), self._scale))
