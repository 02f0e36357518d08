"""What an emulated robot says about itself: joint states, an IMU, where its object is, and the time."""

from __future__ import annotations

from collections import deque

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped, Vector3
from rclpy.lifecycle import LifecycleNode
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import String

from contract.state import Array, RobotState
from robot_bridge.emulated_faults import Faults, FaultyMessages
from robot_bridge.messages import float_array
from robot_bridge.qos import CLOCK, DESCRIPTION, SENSOR_PUBLISHER
from robot_bridge.sensors import IMU, JOINT_STATES, OBJECT

TRUTH = "~/truth"
SECOND = 1_000_000_000  # ns


class RobotPublisher:
    """Publishes readings while its lifecycle node is active, as sound as `faults` leaves them.

    Args:
        joints: names, in the order of the readings.
        imu: whether the robot has one.
        sees_object: whether readings say where an object is.
        clock: whether to publish /clock.
        description: URDF to publish on robot_description, said once; empty: none.
    """

    def __init__(
        self,
        node: LifecycleNode,
        joints: tuple[str, ...],
        imu: bool,
        sees_object: bool,
        clock: bool,
        description: str = "",
    ) -> None:
        self._node = node
        self._messages = FaultyMessages(joints)
        self._held: deque[tuple[int, RobotState]] = deque()  # with when each is due, simulated ns
        self._has = {"joint_states": True, "imu": imu, "object_pose": sees_object, "clock": clock}
        self._joint_publisher = node.create_lifecycle_publisher(JointState, JOINT_STATES, SENSOR_PUBLISHER)
        self._imu_publisher = node.create_lifecycle_publisher(Imu, IMU, SENSOR_PUBLISHER)
        self._object_publisher = node.create_lifecycle_publisher(PoseStamped, OBJECT, SENSOR_PUBLISHER)
        self._clock_publisher = node.create_lifecycle_publisher(Clock, "/clock", CLOCK)
        self._truth_publisher = node.create_lifecycle_publisher(PoseStamped, TRUTH, SENSOR_PUBLISHER)
        self._description: Publisher[String] | None = None
        if description:  # who finds a publisher waits for what it says
            self._description = node.create_publisher(String, "robot_description", DESCRIPTION)
            self._description.publish(String(data=description))
        self._truth_message = PoseStamped()
        self._truth_message.header.frame_id = "world"
        self._joint_message, self._imu_message, self._object_message = JointState(), Imu(), PoseStamped()
        self._joint_message.header.frame_id = self._object_message.header.frame_id = "base_link"
        self._imu_message.header.frame_id = "imu_link"

    @property
    def faults(self) -> Faults:
        """What is wrong with the messages now."""
        return self._messages.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._messages.faults = faults

    def publish(self, state: RobotState, now: int) -> None:
        """Send a reading of `now`, simulated ns, and what is due of those held back."""
        self._held.append((now + round(self.faults.late * SECOND), state))
        while self._held and self._held[0][0] <= now:
            self._send(self._held.popleft()[1])
        if self._sends("clock"):
            self._clock_publisher.publish(Clock(clock=_time(now + round(self.faults.clock_shift * SECOND))))

    def publish_truth(self, position: Array, orientation: Array, stamp: int) -> None:
        """Say where the base (3,) m, (4,) xyzw is in the world at `stamp` ns, whatever the sensors say."""
        message, turn = self._truth_message, self._truth_message.pose.orientation
        message.header.stamp = _time(stamp)
        message.pose.position.x, message.pose.position.y, message.pose.position.z = position.tolist()
        turn.x, turn.y, turn.z, turn.w = orientation.tolist()
        self._truth_publisher.publish(message)

    def destroy(self) -> None:
        for publisher in (
            *(self._joint_publisher, self._imu_publisher),
            *(self._object_publisher, self._clock_publisher, self._truth_publisher),
        ):
            self._node.destroy_lifecycle_publisher(publisher)
        if self._description is not None:
            self._node.destroy_publisher(self._description)

    def _sends(self, message: str) -> bool:
        return self._has[message] and self._messages.sends(message)

    def _send(self, state: RobotState) -> None:
        """The joints last: who waits for them then has the rest."""
        read = self._messages.reading
        if self._sends("imu"):
            self._send_imu(read("imu", state))
        if self._sends("object_pose") and state.object_position is not None:
            self._send_object(read("object_pose", state))
        if self._sends("joint_states"):
            self._send_joints(read("joint_states", state))

    def _send_joints(self, state: RobotState) -> None:
        message = self._joint_message
        names, index = self._messages.joints()
        message.header.stamp = _time(state.stamp)
        message.name = list(names)
        message.position = float_array(state.joint_position[index])
        message.velocity = float_array(state.joint_velocity[index])
        message.effort = float_array(state.joint_effort[index])
        self._joint_publisher.publish(message)

    def _send_imu(self, state: RobotState) -> None:
        message, turn = self._imu_message, self._imu_message.orientation
        message.header.stamp = _time(state.stamp)
        turn.x, turn.y, turn.z, turn.w = state.orientation.tolist()
        message.angular_velocity = _vector(state.gyro)
        message.linear_acceleration = _vector(state.accelerometer)
        self._imu_publisher.publish(message)

    def _send_object(self, state: RobotState) -> None:
        assert state.object_position is not None
        message = self._object_message
        message.header.stamp = _time(state.stamp)
        message.pose.position.x, message.pose.position.y, message.pose.position.z = (
            state.object_position.tolist()
        )
        self._object_publisher.publish(message)


def _time(nanoseconds: int) -> Time:
    """A stamp; there is none before the epoch."""
    seconds, rest = divmod(max(nanoseconds, 0), SECOND)
    return Time(sec=seconds, nanosec=rest)


def _vector(values: Array) -> Vector3:
    x, y, z = np.asarray(values).tolist()
    return Vector3(x=x, y=y, z=z)
