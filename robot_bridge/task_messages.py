"""Task commands as ROS messages: a target point or a velocity."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from geometry_msgs.msg import PointStamped, Twist, TwistStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription
from std_msgs.msg import Header

from contract.errors import UnknownNameError
from contract.record import Command
from contract.state import Array
from robot_bridge.messages import stamp_ns
from robot_bridge.qos import COMMAND

TOPICS = {"target": "target", "velocity": "cmd_vel"}
TWIST = {"vx": ("linear", "x"), "vy": ("linear", "y"), "yaw_rate": ("angular", "z")}  # by command field
POINT = ("x", "y", "z")


def subscribe(
    node: Node, command: Command, base_frame: str, stamped: bool, take: Callable[[Array], None]
) -> Subscription[Any]:
    """Call `take` with the values (k,) of every command message, in contract order.

    `target` is a geometry_msgs/PointStamped in the base frame (its frame_id empty or
    `base_frame`), of which the command may have some coordinates only, `velocity` a
    geometry_msgs/Twist or, if `stamped`, a TwistStamped in the base frame that is not older than
    the command's time-out, by the node's clock; a stamp of 0 is no stamp.
    """
    topic = _topic(command)
    headers = _Headers(node, command, base_frame)
    if topic == "target":
        _check_fields("target", command, POINT)
        coordinates = command.fields

        def target(message: PointStamped) -> None:
            if headers.are_fine(message.header, latched=True):
                take(np.array([getattr(message.point, name) for name in coordinates]))

        return node.create_subscription(PointStamped, topic, target, COMMAND)
    parts = _twist_parts(command)

    def velocity(message: Twist) -> None:
        take(np.array([getattr(getattr(message, part), axis) for part, axis in parts]))

    def stamped_velocity(message: TwistStamped) -> None:
        if headers.are_fine(message.header, latched=False):
            velocity(message.twist)

    if stamped:
        return node.create_subscription(TwistStamped, topic, stamped_velocity, COMMAND)
    return node.create_subscription(Twist, topic, velocity, COMMAND)


class _Headers:
    """Which frames and ages of commands are accepted; warns about others."""

    def __init__(self, node: Node, command: Command, base_frame: str) -> None:
        self._node, self._name, self._timeout = node, command.name, command.timeout
        self._frames = ("", base_frame, command.frame)

    def are_fine(self, header: Header, latched: bool) -> bool:
        """Whether a command with this header may be taken; a `latched` one never grows old."""
        if header.frame_id not in self._frames:
            self._ignore(f"it is in frame {header.frame_id!r}, not in {self._frames[1]!r}")
            return False
        stamp = stamp_ns(header.stamp)
        if latched or not stamp or self._timeout is None:
            return True
        age = (self._node.get_clock().now().nanoseconds - stamp) * 1e-9
        if not abs(age) <= self._timeout:
            self._ignore(f"it is {age:.2f} s old, and valid for {self._timeout:g} s")
            return False
        return True

    def _ignore(self, why: str) -> None:
        self._node.get_logger().warning(f"{self._name} ignored: {why}", throttle_duration_sec=1.0)


class TaskPublisher:
    """Publishes task commands of one contract; velocities as TwistStamped if `stamped`."""

    def __init__(self, node: Node, command: Command, base_frame: str, stamped: bool = False) -> None:
        self._node, self._frame, self._stamped = node, base_frame, stamped
        self._target = _topic(command) == "target"
        kind = PointStamped if self._target else TwistStamped if stamped else Twist
        self._publisher: Publisher[Any] = node.create_publisher(kind, _topic(command), COMMAND)
        if self._target:
            _check_fields("target", command, POINT)
        self._coordinates = command.fields
        self._parts = [] if self._target else _twist_parts(command)

    def publish(self, values: Array) -> None:
        """Send values (k,) in contract order."""
        numbers = [float(value) for value in values]
        if self._target:
            point = PointStamped()
            self._stamp(point)
            for name, number in zip(self._coordinates, numbers, strict=True):
                setattr(point.point, name, number)
            self._publisher.publish(point)
            return
        twist = Twist()
        for (part, axis), number in zip(self._parts, numbers, strict=True):
            setattr(getattr(twist, part), axis, number)
        if self._stamped:
            stamped = TwistStamped(twist=twist)
            self._stamp(stamped)
            self._publisher.publish(stamped)
        else:
            self._publisher.publish(twist)

    def _stamp(self, message: PointStamped | TwistStamped) -> None:
        message.header.frame_id = self._frame
        message.header.stamp = self._node.get_clock().now().to_msg()


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
