"""What a node tells about itself each second on /diagnostics."""

from __future__ import annotations

import time
from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from robot_bridge.qos import SENSOR_PUBLISHER

TOPIC = "/diagnostics"
PERIOD = 1.0  # s of wall time
SOON = 0.02  # s, between two messages that differ


class Diagnostics:
    """Publishes once a `PERIOD`, and soon after what there is to say has changed."""

    OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, TOPIC, SENSOR_PUBLISHER)
        self._due = self._soonest = 0.0
        self._said = ""

    def due(self, message: str = "") -> bool:
        """Whether to publish now; `message` is what would be said, where the node knows it beforehand."""
        now = time.monotonic()
        return now >= self._due or (bool(message) and message != self._said and now >= self._soonest)

    def publish(self, level: bytes, message: str, values: Mapping[str, object]) -> None:
        """Say how the node is (`level` is one of OK, WARN, ERROR) and what its counters read."""
        self._said, self._due = message, time.monotonic() + PERIOD
        self._soonest = time.monotonic() + SOON
        status = DiagnosticStatus(
            level=level,
            # with its namespace: all robots share the topic
            name=self._node.get_fully_qualified_name().removeprefix("/"),
            message=message,
            hardware_id="",
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
