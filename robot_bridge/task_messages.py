"""Task commands as ROS messages: a target point or a velocity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from geometry_msgs.msg import PointStamped, Twist
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription

from contract.errors import UnknownNameError
from contract.record import Command
from contract.state import Array
from robot_bridge.qos import COMMAND

TOPICS = {"target": "target", "velocity": "cmd_vel"}


def subscribe(
    node: Node, command: Command, base_frame: str, take: Callable[[Array], None]
) -> Subscription[Any]:
    """Call `take` with the values (k,) of every command message, in contract order.

    `target` is a geometry_msgs/PointStamped in the base frame (its frame_id empty or
    `base_frame`), `velocity` a geometry_msgs/Twist.
    """

    def target(message: PointStamped) -> None:
        frame = message.header.frame_id
        if frame not in ("", base_frame, command.frame):
            node.get_logger().warning(
                f"target ignored: it is in frame {frame!r}, not in {base_frame!r}", throttle_duration_sec=1.0
            )
            return
        take(np.array([message.point.x, message.point.y, message.point.z]))

    def velocity(message: Twist) -> None:
        take(np.array([message.linear.x, message.linear.y, message.angular.z]))

    if _topic(command) == "target":
        return node.create_subscription(PointStamped, "target", target, COMMAND)
    return node.create_subscription(Twist, "cmd_vel", velocity, COMMAND)


class TaskPublisher:
    """Publishes task commands of one contract."""

    def __init__(self, node: Node, command: Command, base_frame: str) -> None:
        self._node, self._frame = node, base_frame
        kind = PointStamped if _topic(command) == "target" else Twist
        self._publisher: Publisher[Any] = node.create_publisher(kind, _topic(command), COMMAND)
        self._target = kind is PointStamped

    def publish(self, values: Array) -> None:
        """Send values (k,) in contract order."""
        first, second, third = (float(value) for value in values)
        if self._target:
            message = PointStamped()
            message.header.frame_id = self._frame
            message.header.stamp = self._node.get_clock().now().to_msg()
            message.point.x, message.point.y, message.point.z = first, second, third
            self._publisher.publish(message)
        else:
            twist = Twist()
            twist.linear.x, twist.linear.y, twist.angular.z = first, second, third
            self._publisher.publish(twist)


def _topic(command: Command) -> str:
    if command.name not in TOPICS:
        raise UnknownNameError("task command", command.name, TOPICS)
    return TOPICS[command.name]
