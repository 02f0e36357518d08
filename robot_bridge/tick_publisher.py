"""Publishes the record of every control tick on `~/tick`."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Float64MultiArray, MultiArrayDimension

from robot_bridge.messages import float_array
from robot_bridge.qos import LOG
from robot_bridge.tick import LABELS, Tick, encode


class TickPublisher:
    """One preallocated message; its segments never change size for one contract."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._publisher = node.create_lifecycle_publisher(Float64MultiArray, "~/tick", LOG)
        self._message = Float64MultiArray()
        self._sizes: list[int] = []

    def publish(self, tick: Tick) -> None:
        sizes, values = encode(tick)
        if sizes != self._sizes:
            self._sizes = sizes
            self._message.layout.dim = [
                MultiArrayDimension(label=label, size=size, stride=size)
                for label, size in zip(LABELS, sizes, strict=True)
            ]
        self._message.data = float_array(values)
        self._publisher.publish(self._message)

    def listeners(self) -> int:
        """How many subscribers the ticks reach."""
        return int(self._publisher.get_subscription_count())

    def destroy(self) -> None:
        self._node.destroy_lifecycle_publisher(self._publisher)
