"""Limits on what leaves for the motors, whatever the network, the sensors or a user say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from contract.record import Contract
from contract.rotation import tilt
from contract.state import Array, RobotState
from robot_bridge.lateness import Lateness

SENSORS = ("joints", "imu", "object")
TILT = "tilt"


@dataclass(frozen=True)
class SensorSample:
    """The newest sensors, and when each of them last had a new stamp, on the node's clock."""

    state: RobotState
    joint_stamp: int  # ns, as the robot wrote it
    imu_stamp: int  # ns; 0 where no IMU is needed
    received: float  # s, of the joints
    imu_received: float | None = None  # s; None where no IMU is needed
    object_stamp: int = 0  # ns; 0 where no object is needed
    object_received: float | None = None  # s; None where no object is needed


class SafetyFilter:
    """Tells when to hold, and bounds every set-point.

    A set-point stays within the joint limits, and within `max_velocity` times one control
    period of the stretch between where the joint is and where it was last told to be.
    `counts` says how often each cause has acted, for diagnostics.
    """

    def __init__(self, contract: Contract) -> None:
        joints, self._safety = contract.joints, contract.safety
        self._lower = np.array([joint.lower for joint in joints])
        self._upper = np.array([joint.upper for joint in joints])
        self._step = np.array([joint.max_velocity for joint in joints]) * contract.control_period  # rad
        self.last = np.array([joint.default_position for joint in joints])  # (n,) rad, the newest set-point
        self._lateness = {name: Lateness() for name in SENSORS}
        self.counts: Counter[str] = Counter()
        self.stopped: str | None = None
        self.distrusted: str | None = "no_sensors"  # why the newest readings cannot be trusted

    def emergency_stop(self, cause: str = "emergency_stop") -> None:
        """Hold from now on, until `reset_emergency_stop`."""
        self.stopped = cause

    def reset_emergency_stop(self) -> None:
        """End a stop; readings count as prompt as they come now, for somebody has looked at them."""
        self.stopped = None
        self._lateness = {name: Lateness() for name in SENSORS}

    def begin(self, measured: Array) -> None:
        """Set-points continue from the measured pose (n,) rad, finite; what is prompt is learnt anew."""
        self._lateness = {name: Lateness() for name in SENSORS}
        self.last = self._inside(measured)

    def fault(self, sample: SensorSample | None, now: float) -> str | None:
        """Why the robot has to hold at `now` (s), or None; a tilt latches like a stop."""
        cause = self._fault(sample, now)
        if cause is not None:
            self.counts[cause] += 1
        return cause

    def _fault(self, sample: SensorSample | None, now: float) -> str | None:
        self.distrusted = self._distrust(sample, now)
        if self.stopped is not None or self.distrusted is not None or sample is None:
            return self.stopped or self.distrusted
        limit = self._safety.tilt_limit
        if limit is not None and tilt(sample.state.orientation) > limit:
            self.emergency_stop(TILT)
        return self.stopped

    def _distrust(self, sample: SensorSample | None, now: float) -> str | None:
        if sample is None:
            return "no_sensors"
        # A time in the future means that the clock was turned back: nobody knows how old that is.
        received = (sample.received, sample.imu_received, sample.object_received)
        if not all(0 <= now - each <= self._safety.sensor_timeout for each in received if each is not None):
            return "stale_sensors"
        if self._late(sample):
            return "late_sensors"
        return None if sample.state.is_finite() else "non_finite_sensors"

    def _late(self, sample: SensorSample) -> bool:
        """Whether a reading took much longer to come than readings of its sensor do."""
        stamps = (sample.joint_stamp, sample.imu_stamp, sample.object_stamp)
        received = (sample.received, sample.imu_received, sample.object_received)
        for name, stamp, at in zip(SENSORS, stamps, received, strict=True):
            if at is not None:
                self._lateness[name].note(stamp, at)
        return max(each.seconds for each in self._lateness.values()) > self._safety.sensor_timeout

    def limit(self, set_point: Array, measured: Array) -> Array:
        """The nearest allowed set-point (n,) rad; a non-finite one becomes the last one."""
        last = self.last
        if not np.isfinite(set_point).all():
            self.counts["non_finite_set_point"] += 1
            set_point = last
        known = self._inside(np.where(np.isfinite(measured), measured, last))
        inside = self._inside(set_point)
        low, high = np.minimum(last, known) - self._step, np.maximum(last, known) + self._step
        # The interval contains `last`, which is within the joint limits, so both bounds hold.
        allowed = self._inside(np.minimum(np.maximum(inside, low), high))
        if (allowed != set_point).any():
            self.counts["position_limit"] += int((inside != set_point).any())
            self.counts["rate_limit"] += int((allowed != inside).any())
        self.last = allowed
        return allowed

    def _inside(self, position: Array) -> Array:
        """The nearest position within the joint limits; np.clip takes three times as long."""
        return np.asarray(np.minimum(np.maximum(position, self._lower), self._upper))
