"""The newest sensor messages, kept as bytes until a control tick wants them.

Sensors are faster than control, so most messages are never looked at; decoding only the
newest saves most of the work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Imu, JointState

from contract.errors import ContractError
from contract.record import Contract
from robot_bridge.messages import JointReader, needs_imu, read_imu
from robot_bridge.qos import SENSOR_SUBSCRIBER
from robot_bridge.safety import SensorSample
from robot_bridge.wire import JointFilter, Newest

JOINT_STATES = "joint_states"
IMU = "imu/data"


class SensorInput:
    """Subscribes to the sensors that a contract needs; `now` gives s on the node's clock."""

    def __init__(self, node: Node, contract: Contract, now: Callable[[], float]) -> None:
        self._node, self._now = node, now
        self._reader = JointReader(contract)
        self._filter = JointFilter(contract.joint_names[0])
        self._imu_needed = needs_imu(contract)
        self._joints, self._imu = Newest(), Newest()
        self._last_bytes: tuple[Any, Any] = (None, None)
        self._last: SensorSample | None = None
        self.error: str | None = None
        self._subscriptions = [
            node.create_subscription(JointState, JOINT_STATES, self._take_joints, SENSOR_SUBSCRIBER, raw=True)
        ]
        if self._imu_needed:
            self._subscriptions.append(
                node.create_subscription(Imu, IMU, self._take_imu, SENSOR_SUBSCRIBER, raw=True)
            )

    def sample(self) -> SensorSample | None:
        """The newest readings, or None while there are none that fit the contract."""
        joints, imu = self._joints.current, self._imu.current
        if joints is None or (self._imu_needed and imu is None):
            return None
        if self._last_bytes != (joints, imu):
            self._last_bytes = (joints, imu)
            self._last = self._read(joints, imu)
        return self._last

    def destroy(self) -> None:
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _read(self, joints: tuple[bytes, float], imu: tuple[bytes, float] | None) -> SensorSample | None:
        message = deserialize_message(joints[0], JointState)
        try:
            state = self._reader.read(message)
            imu_stamp, imu_received = 0, None
            if imu is not None:
                imu_stamp = read_imu(deserialize_message(imu[0], Imu), state)
                imu_received = imu[1]
        except ContractError as error:
            self.error = str(error)
            return None
        self.error = None
        return SensorSample(state, state.stamp, imu_stamp, joints[1], imu_received)

    def _take_joints(self, data: bytes) -> None:
        if self._filter.passes(data):  # some other device may share the topic
            self._joints.take(data, self._now())

    def _take_imu(self, data: bytes) -> None:
        self._imu.take(data, self._now())
