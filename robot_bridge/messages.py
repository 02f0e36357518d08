"""Between ROS messages and contract order, by joint name, without importing ROS.

Messages are read by their field names only, so the same code serves rclpy messages and the
ones that a bag reader decodes. REP-103 units; quaternions xyzw; stamps in ns.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import ContractError
from contract.record import Contract
from contract.state import Array, RobotState
from contract.validation import match_joints
from robot_bridge.cdr import ImuView

IMU_SOURCES = frozenset({"projected_gravity", "pitch", "pitch_rate", "gyro"})
QUATERNION_TOLERANCE = 0.01  # of the norm; an unset (0, 0, 0, 0) is no orientation


def needs_imu(contract: Contract) -> bool:
    """Whether the policy or its safety limits read an IMU."""
    sources = {term.source for term in contract.observation}
    return bool(sources & IMU_SOURCES) or contract.safety.tilt_limit is not None


def stamp_ns(stamp: Any) -> int:
    """A builtin_interfaces/Time in nanoseconds."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


class JointReader:
    """Reads sensor_msgs/JointState into contract order; extra joints and any order are fine."""

    def __init__(self, contract: Contract, robot: str = "the robot") -> None:
        self._contract = contract
        self._robot = robot
        self._names: tuple[str, ...] | None = None  # of the message before
        self._index: NDArray[np.intp] = np.empty(0, dtype=np.intp)

    def concerns(self, message: Any) -> bool:
        """Whether the message has any joint of the contract; others may share the topic."""
        return not set(self._contract.joint_names).isdisjoint(message.name)

    def read(self, message: Any) -> RobotState:
        """The joint part of a robot state.

        NaN positions and velocities are passed on, for the safety layer to hold on. A robot
        that measures no effort reports zeros.

        Raises:
            ContractError: names the joints that are missing, or that no velocity is reported.
        """
        self._map_names(message)
        names = self._contract.joint_names
        position, velocity, effort = map(self._column, (message.position, message.velocity, message.effort))
        if position is None or velocity is None:
            raise ContractError(
                f"{self._robot} reports no {'position' if position is None else 'velocity'} for "
                f"{', '.join(names)}, which policy {self._contract.identity.policy!r} needs."
            )
        effort = np.zeros(len(names)) if effort is None else np.where(np.isfinite(effort), effort, 0.0)
        return RobotState(position, velocity, effort, stamp=stamp_ns(message.header.stamp))

    def check(self, message: Any) -> None:
        """Refuse a robot that cannot run the contract, before anything moves.

        Raises:
            ContractError: names the missing joints, or those without a finite reading.
        """
        state = self.read(message)
        for quantity, values in (("position", state.joint_position), ("velocity", state.joint_velocity)):
            absent = [self._contract.joint_names[i] for i in np.flatnonzero(~np.isfinite(values))]
            if absent:
                raise ContractError(f"{self._robot} reports no finite {quantity} for {', '.join(absent)}.")

    def _map_names(self, message: Any) -> None:
        names = tuple(message.name)
        if names == self._names:
            return
        match_joints(self._contract, names, self._robot)
        self._index = np.array([names.index(name) for name in self._contract.joint_names], dtype=np.intp)
        self._names = names

    def _column(self, values: Sequence[float]) -> Array | None:
        """One quantity (n,) in contract order; None where the message leaves it out."""
        assert self._names is not None
        if len(values) != len(self._names):
            return None
        return np.asarray(values, dtype=np.float64)[self._index]


def read_imu(message: Any, state: RobotState) -> int:
    """Fill in `state`'s IMU from a sensor_msgs/Imu (REP-145) and return its stamp, ns.

    Raises:
        ContractError: the IMU says (covariance[0] = -1) that it lacks orientation or gyro.
    """
    unknown = message.orientation_covariance[0], message.angular_velocity_covariance[0]
    _fill_imu(
        *(state, unknown, _quaternion(message.orientation)),
        *(_vector(message.angular_velocity), _vector(message.linear_acceleration)),
    )
    return stamp_ns(message.header.stamp)


def read_imu_view(view: ImuView, state: RobotState) -> int:
    """The same from the numbers on the wire."""
    values = view.values
    _fill_imu(state, (values[4], values[16]), values[:4], values[13:16], values[25:28])
    return stamp_ns(view.header.stamp)


def _fill_imu(
    state: RobotState, unknown: tuple[float, float], quaternion: Array, gyro: Array, accelerometer: Array
) -> None:
    for name, covariance in zip(("orientation", "angular_velocity"), unknown, strict=True):
        if covariance == -1:
            raise ContractError(f"the IMU reports no {name} (its covariance starts with -1).")
    if not abs(math.hypot(*quaternion.tolist()) - 1.0) <= QUATERNION_TOLERANCE:
        quaternion = np.full(4, np.nan)
    state.orientation, state.gyro, state.accelerometer = quaternion, gyro, accelerometer


def read_object(message: Any, state: RobotState, frames: Collection[str] | None = None) -> int:
    """Fill in where `state`'s object is from a geometry_msgs/PoseStamped and return its stamp, ns.

    Args:
        frames: that the pose may be in; None: whoever recorded it has checked that.

    Raises:
        ContractError: the pose is in another frame.
    """
    frame = message.header.frame_id
    if frames is not None and frame not in frames:
        valid = " or ".join(repr(name) for name in frames)
        raise ContractError(f"the object's pose is in frame {frame!r}; it has to be in {valid}.")
    state.object_position = _vector(message.pose.position)
    return stamp_ns(message.header.stamp)


def float_array(values: Array) -> array[float]:
    """Values (n,) as the array type that message fields take without a copy per element."""
    return array("d", values.tobytes())


def _vector(message: Any) -> Array:
    return np.array([message.x, message.y, message.z])


def _quaternion(message: Any) -> Array:
    return np.array([message.x, message.y, message.z, message.w])
