"""Task commands as ROS messages: a target point or a velocity."""

from __future__ import annotations

from collections.abc import Callable, Collection
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
TWIST = {"vx": ("linear", "x"), "vy": ("linear", "y"), "yaw_rate": ("angular", "z")}  # by command field
POINT = ("x", "y", "z")


def subscribe(
    node: Node, command: Command, base_frame: str, take: Callable[[Array], None]
) -> Subscription[Any]:
    """Call `take` with the values (k,) of every command message, in contract order.

    `target` is a geometry_msgs/PointStamped in the base frame (its frame_id empty or
    `base_frame`), of which the command may have some coordinates only, `velocity` a
    geometry_msgs/Twist.
    """
    coordinates = command.fields

    def target(message: PointStamped) -> None:
        frame = message.header.frame_id
        if frame not in ("", base_frame, command.frame):
            node.get_logger().warning(
                f"target ignored: it is in frame {frame!r}, not in {base_frame!r}", throttle_duration_sec=1.0
            )
            return
        take(np.array([getattr(message.point, name) for name in coordinates]))

    if _topic(command) == "target":
        _check_fields("target", command, POINT)
        return node.create_subscription(PointStamped, "target", target, COMMAND)
    parts = _twist_parts(command)

    def velocity(message: Twist) -> None:
        take(np.array([getattr(getattr(message, part), axis) for part, axis in parts]))

    return node.create_subscription(Twist, "cmd_vel", velocity, COMMAND)


class TaskPublisher:
    """Publishes task commands of one contract."""

    def __init__(self, node: Node, command: Command, base_frame: str) -> None:
        self._node, self._frame = node, base_frame
        kind = PointStamped if _topic(command) == "target" else Twist
        self._publisher: Publisher[Any] = node.create_publisher(kind, _topic(command), COMMAND)
        self._target = kind is PointStamped
        if self._target:
            _check_fields("target", command, POINT)
        self._coordinates = command.fields
        self._parts = [] if self._target else _twist_parts(command)

    def publish(self, values: Array) -> None:
        """Send values (k,) in contract order."""
        numbers = [float(value) for value in values]
        if self._target:
            message = PointStamped()
            message.header.frame_id = self._frame
            message.header.stamp = self._node.get_clock().now().to_msg()
            for name, number in zip(self._coordinates, numbers, strict=True):
                setattr(message.point, name, number)
            self._publisher.publish(message)
        else:
            twist = Twist()
            for (part, axis), number in zip(self._parts, numbers, strict=True):
                setattr(getattr(twist, part), axis, number)
            self._publisher.publish(twist)


def _topic(command: Command) -> str:
    if command.name not in TOPICS:
        raise UnknownNameError("task command", command.name, TOPICS)
    return TOPICS[command.name]


def _twist_parts(command: Command) -> list[tuple[str, str]]:
    _check_fields("velocity", command, TWIST)
    return [TWIST[name] for name in command.fields]


def _check_fields(kind: str, command: Command, valid: Collection[str]) -> None:
    for name in command.fields:
        if name not in valid:
            raise UnknownNameError(f"{kind} command field", name, valid)
