"""Publishes the record of every control tick on `~/tick`."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Float64MultiArray

from robot_bridge.array_message import ArrayMessage
from robot_bridge.qos import LOG
from robot_bridge.tick import LABELS, Tick, encode


class TickPublisher:
    """One preallocated message; its segments never change size for one contract."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._publisher = node.create_lifecycle_publisher(Float64MultiArray, "~/tick", LOG)
        self._message = ArrayMessage([], 0)
        self._sizes: list[int] = []

    def publish(self, tick: Tick) -> None:
        sizes, values = encode(tick)
        if sizes != self._sizes:
            self._sizes = sizes
            dimensions = [(label, size, size) for label, size in zip(LABELS, sizes, strict=True)]
            self._message = ArrayMessage(dimensions, len(values))
        self._publisher.publish(self._message.serialized(values))

    def listeners(self) -> int:
        """How many subscribers the ticks reach."""
        return int(self._publisher.get_subscription_count())

    def destroy(self) -> None:
        self._node.destroy_lifecycle_publisher(self._publisher)
