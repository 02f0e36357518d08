"""The newest sensor messages, kept as bytes until a control tick wants them.

Sensors are faster than control, so most messages are never looked at; decoding only the
newest saves most of the work.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import Imu, JointState

from contract.errors import ContractError
from contract.record import Contract
from contract.sources import needs_observer
from contract.state import RobotState
from robot_bridge.cdr import ImuView, JointStateDecoder, decode_imu
from robot_bridge.messages import JointReader, needs_imu, read_imu, read_imu_view, read_object
from robot_bridge.qos import SENSOR_SUBSCRIBER
from robot_bridge.ros import from_wire
from robot_bridge.safety import SensorSample
from robot_bridge.wire import JointFilter, Newest

JOINT_STATES = "joint_states"
IMU = "imu/data"
OBJECT = "object_pose"


class SensorInput:
    """Subscribes to the sensors that a contract needs.

    Args:
        now: gives s on the node's clock.
        frames: names of the robot's base frame, in which somebody may say where an object is.
    """

    def __init__(
        self, node: Node, contract: Contract, now: Callable[[], float], frames: tuple[str, ...]
    ) -> None:
        self._node, self._now = node, now
        self._reader, self._decoder = JointReader(contract), JointStateDecoder()
        self._filter = JointFilter(contract.joint_names[0])
        self._imu_needed = needs_imu(contract)
        self._object_needed = needs_observer(contract)
        self._frames = frames
        self._joints, self._imu, self._object = Newest(), Newest(), Newest()
        self._last_bytes: tuple[Any, Any, Any] = (None, None, None)
        self._last: SensorSample | None = None
        self._imu_bytes, self._imu_view = b"", decode_imu(b"")
        self.error: str | None = None
        self._subscriptions = [
            node.create_subscription(JointState, JOINT_STATES, self._take_joints, SENSOR_SUBSCRIBER, raw=True)
        ]
        if self._imu_needed:
            self._subscriptions.append(
                node.create_subscription(Imu, IMU, self._take_imu, SENSOR_SUBSCRIBER, raw=True)
            )
        if self._object_needed:
            self._subscriptions.append(
                node.create_subscription(PoseStamped, OBJECT, self._take_object, SENSOR_SUBSCRIBER, raw=True)
            )

    @property
    def received(self) -> float:
        """When the newest joint states came, s on the node's clock; before any have, long ago."""
        return self._joints.current[1] if self._joints.current else -math.inf

    def sample(self) -> SensorSample | None:
        """The newest readings, or None while there are none that fit the contract."""
        newest = self._joints.current, self._imu.current, self._object.current
        if self._last_bytes != newest:
            self._last_bytes, self._last = newest, self.read()
        return self._last

    def read(self) -> SensorSample | None:
        """As `sample`, from the bytes, whether they were read before or not."""
        joints, imu, seen = self._joints.current, self._imu.current, self._object.current
        if joints is None or (self._imu_needed and imu is None) or (self._object_needed and seen is None):
            return None
        return self._read(joints, imu, seen)

    def read_ahead(self) -> None:
        """Decode the newest IMU reading now: the joint states, which are waited for, come after it."""
        if self._imu.current is not None:
            self._decode_imu(self._imu.current[0])

    def destroy(self) -> None:
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _read(
        self,
        joints: tuple[bytes, float],
        imu: tuple[bytes, float] | None,
        seen: tuple[bytes, float] | None,
    ) -> SensorSample | None:
        try:
            state = self._reader.read(self._decoder.decode(joints[0]) or from_wire(joints[0], JointState))
            imu_stamp = object_stamp = 0
            imu_received = object_received = None
            if imu is not None:
                imu_stamp = self._read_imu(imu[0], state)
                imu_received = imu[1]
            if seen is not None:
                message = from_wire(seen[0], PoseStamped)
                object_stamp, object_received = read_object(message, state, self._frames), seen[1]
        except ContractError as error:
            self.error = str(error)
            return None
        self.error = None
        return SensorSample(
            state, state.stamp, imu_stamp, joints[1], imu_received, object_stamp, object_received
        )

    def _read_imu(self, data: bytes, state: RobotState) -> int:
        view = self._decode_imu(data)
        return read_imu(from_wire(data, Imu), state) if view is None else read_imu_view(view, state)

    def _decode_imu(self, data: bytes) -> ImuView | None:
        if self._imu_bytes is not data:
            self._imu_bytes, self._imu_view = data, decode_imu(data)
        return self._imu_view

    def _take_joints(self, data: bytes) -> None:
        if self._filter.passes(data):  # some other device may share the topic
            self._joints.take(data, self._now())

    def _take_imu(self, data: bytes) -> None:
        self._imu.take(data, self._now())

    def _take_object(self, data: bytes) -> None:
        self._object.take(data, self._now())
