"""Messages of many topics as they came over the wire, taken when asked for, and how many are missing.

No executor serves these subscriptions: it hears of lost messages by an event of the middleware, and with Fast
DDS that can stop a process for good. One thread tells of a loss with the reader's mutex in hand and wants the
event's; the other asks with the event's in hand and wants the reader's (mended in rmw_fastrtps by its pull
request 890, June 2026). Each message has its publisher's number, which tells the same; the events executor of
rclpy 9 fails on callbacks that want it, so messages are taken by hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

AT_ONCE = 500  # messages of one topic in a row, so that none waits for another for long
SECOND = 1_000_000_000  # ns
UNSUPPORTED = 2**64 - 1  # where a middleware does not number messages


class RawSubscriptions:
    """Subscriptions of one node, which hides from its executor those that it `owns`.

    Args:
        lose: hears the topic and how many of its messages never came.
    """

    def __init__(self, node: Node, lose: Callable[[str, int], None]) -> None:
        self._node, self._lose = node, lose
        self._subscriptions: dict[str, Subscription[Any]] = {}
        self._arrivals: dict[str, int] = {}  # ns, of each topic's newest message
        self._numbers: dict[tuple[str, bytes], int] = {}  # by topic and publisher, of its newest message

    def __contains__(self, topic: str) -> bool:
        return topic in self._subscriptions

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._subscriptions)

    def owns(self, subscription: Subscription[Any]) -> bool:
        """Whether it is one of these."""
        return any(subscription is each for each in self._subscriptions.values())

    def is_reliable(self, topic: str) -> bool:
        """Whether only publishers that offer reliability are heard."""
        return bool(self._subscriptions[topic].qos_profile.reliability == ReliabilityPolicy.RELIABLE)

    def add(self, topic: str, kind: type[Any], qos: QoSProfile) -> None:
        """Begin to listen; takes the place of a subscription to the same topic."""
        self.remove(topic)
        self._subscriptions[topic] = self._node.create_subscription(kind, topic, _nobody, qos, raw=True)

    def remove(self, topic: str) -> None:
        """Listen no more; harmless where nobody did."""
        if topic in self._subscriptions:
            self._node.destroy_subscription(self._subscriptions.pop(topic))

    def clear(self) -> None:
        """Listen to nothing."""
        for topic in self.topics:
            self.remove(topic)

    def take(self) -> Iterator[tuple[str, bytes, int]]:
        """All that has come: topic, bytes, and when they came, ns since the epoch."""
        for topic in self.topics:
            for _ in range(AT_ONCE):
                # who takes them may end the subscription
                subscription = self._subscriptions.get(topic)
                if subscription is None:
                    break
                with subscription.handle:
                    taken: Any = subscription.handle.take_message(subscription.msg_type, True)
                if taken is None:
                    break
                data, about = taken
                self._count(topic, about)
                yield topic, data, self.arrival(topic, about.get("received_timestamp") or time.time_ns())

    def arrival(self, topic: str, received: int) -> int:
        """When a message could be taken, ns: one that had to be sent again holds up those before it."""
        latest = self._arrivals.get(topic, 0)
        # a clock that was turned back by more is right
        self._arrivals[topic] = latest if 0 < latest - received < SECOND else received
        return self._arrivals[topic]

    def _count(self, topic: str, about: dict[str, Any]) -> None:
        """Tell of a gap in the numbers of one publisher; one that begins anew has none."""
        number, publisher = about.get("publication_sequence_number"), about.get("publisher_gid")
        if number is None or number == UNSUPPORTED or not publisher:
            return
        key = topic, bytes(publisher["data"])
        missing = number - self._numbers.get(key, number) - 1
        if missing > 0:
            self._lose(topic, missing)
        self._numbers[key] = number


def _nobody(data: bytes) -> None:
    """No executor calls it."""
