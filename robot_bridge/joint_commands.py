"""Set-points on the topics that ros2_control's position controllers listen to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from contract.errors import UnknownNameError
from contract.state import Array
from robot_bridge.messages import float_array
from robot_bridge.qos import COMMAND

TOPICS = {
    "forward_position": "position_controller/commands",
    "joint_trajectory": "joint_trajectory_controller/joint_trajectory",
}


def check_interface(name: str) -> str:
    """`name` if it is a command interface; raises UnknownNameError otherwise."""
    if name not in TOPICS:
        raise UnknownNameError("command_interface", name, TOPICS)
    return name


class CommandPublisher:
    """Publishes set-points while its lifecycle node is active.

    `forward_position`: forward_command_controller, whose `joints` must be in contract order.
    `joint_trajectory`: joint_trajectory_controller, one point a control period ahead.
    """

    def __init__(self, node: LifecycleNode, interface: str, joints: Sequence[str], period: float) -> None:
        topic = TOPICS[check_interface(interface)]
        self._trajectory: JointTrajectory | None = None
        if interface == "joint_trajectory":
            self._publisher = node.create_lifecycle_publisher(JointTrajectory, topic, COMMAND)
            self._point = JointTrajectoryPoint()
            self._point.time_from_start.nanosec = round(period * 1e9) % 1_000_000_000
            self._point.time_from_start.sec = round(period * 1e9) // 1_000_000_000
            self._trajectory = JointTrajectory(joint_names=list(joints), points=[self._point])
        else:
            self._publisher = node.create_lifecycle_publisher(Float64MultiArray, topic, COMMAND)
            self._array = Float64MultiArray()
        self._node = node

    def publish(self, position: Array) -> None:
        """Send set-points (n,) rad in contract order."""
        if self._trajectory is not None:
            self._point.positions = float_array(position)
            self._publisher.publish(self._trajectory)
        else:
            self._array.data = float_array(position)
            self._publisher.publish(self._array)

    def listeners(self) -> int:
        """How many subscribers the set-points reach."""
        return int(self._publisher.get_subscription_count())

    def strangers(self) -> int:
        """How many others publish set-points on this topic."""
        return int(self._node.count_publishers(self._publisher.topic_name)) - 1

    def destroy(self) -> None:
        self._node.destroy_lifecycle_publisher(self._publisher)


def subscribe(node: Node, interface: str, joints: Sequence[str], take: Callable[[Array], object]) -> Any:
    """Call `take` with set-points (n,) rad in the order of `joints`; warn about any that do not fit."""

    def forward(message: Float64MultiArray) -> None:
        _deliver(node, np.array(message.data, dtype=np.float64), len(joints), take)

    def trajectory(message: JointTrajectory) -> None:
        names = list(message.joint_names)
        if not message.points or sorted(names) != sorted(joints):
            node.get_logger().warning(
                f"trajectory ignored: it is for {names}, not {list(joints)}", throttle_duration_sec=1.0
            )
            return
        positions = np.array(message.points[-1].positions, dtype=np.float64)
        if positions.size == len(names):
            positions = positions[[names.index(joint) for joint in joints]]
        _deliver(node, positions, len(joints), take)

    if check_interface(interface) == "joint_trajectory":
        return node.create_subscription(JointTrajectory, TOPICS[interface], trajectory, COMMAND)
    return node.create_subscription(Float64MultiArray, TOPICS[interface], forward, COMMAND)


def _deliver(node: Node, position: Array, expected: int, take: Callable[[Array], object]) -> None:
    if position.shape != (expected,) or not np.isfinite(position).all():
        node.get_logger().warning(
            f"command ignored: {position.size} values, needed {expected} finite ones",
            throttle_duration_sec=1.0,
        )
        return
    take(position)
