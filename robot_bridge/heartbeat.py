"""That a node still lives: the middleware may take a minute and more to tell that one was killed."""

from __future__ import annotations

import time

from rclpy.node import Node
from std_msgs.msg import Empty

from robot_bridge.qos import SENSOR_PUBLISHER, SENSOR_SUBSCRIBER

PERIOD = 0.2  # wall s between two beats
TIMEOUT = 3.0  # wall s of silence after which who has beaten counts as gone; a busy machine stalls for one


class Heartbeat:
    """Says on `~/alive` that its node lives, as long as somebody calls `beat`."""

    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(Empty, "~/alive", SENSOR_PUBLISHER)
        self._due = 0.0

    def beat(self) -> None:
        """Publish if it is time to; call it in every turn of the node's loop."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + PERIOD
            self._publisher.publish(Empty())


class Pulse:
    """Listens to the heartbeat of the node called `name`, in the listener's namespace."""

    def __init__(self, node: Node, name: str) -> None:
        self._node = node
        self._heard: float | None = None
        self._subscription = node.create_subscription(Empty, f"{name}/alive", self._take, SENSOR_SUBSCRIBER)

    @property
    def is_lost(self) -> bool:
        """Whether there was one, and is none any more; who never had one is not missed."""
        return self._heard is not None and time.monotonic() - self._heard > TIMEOUT

    def destroy(self) -> None:
        self._node.destroy_subscription(self._subscription)

    def _take(self, message: Empty) -> None:
        self._heard = time.monotonic()
