"""Messages taken by hand: all of them, with those that are missing counted, whoever published them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from rclpy.serialization import deserialize_message
from std_msgs.msg import String

from robot_bridge.qos import LOG, QoSProfile
from robot_bridge.raw_subscriptions import RawSubscriptions

TOPIC = "/words"
SHALLOW = QoSProfile(depth=3)


@pytest.fixture
def losses() -> Counter[str]:
    return Counter()


@pytest.fixture
def raw(observer: Any, losses: Counter[str]) -> Iterator[RawSubscriptions]:
    made = RawSubscriptions(observer.node, lambda topic, count: losses.update({topic: count}))
    yield made
    made.clear()


def words(raw: RawSubscriptions, count: int) -> list[str]:
    """What has come once there are so many, or after a while."""
    taken: list[str] = []
    until = time.monotonic() + 5.0
    while len(taken) < count and time.monotonic() < until:
        taken += [deserialize_message(data, String).data for _, data, _ in raw.take()]
        time.sleep(0.01)
    return taken


def connect(observer: Any, raw: RawSubscriptions, qos: QoSProfile, publishers: int = 1) -> list[Any]:
    raw.add(TOPIC, String, qos)
    made = [observer.node.create_publisher(String, TOPIC, LOG) for _ in range(publishers)]
    assert observer.until(lambda: all(each.get_subscription_count() == 1 for each in made))
    return made


def test_several_publishers_lose_nothing(observer: Any, raw: RawSubscriptions, losses: Counter[str]) -> None:
    publishers = connect(observer, raw, LOG, 3)
    sent = [f"{k}" for k in range(300)]
    for k, word in enumerate(sent):
        publishers[k % 3 if k < 200 else 0].publish(String(data=word))
    assert sorted(words(raw, 300), key=int) == sent
    assert not losses


def test_what_never_came_is_counted(observer: Any, raw: RawSubscriptions, losses: Counter[str]) -> None:
    """Nobody takes them in time, so a history of three forgets all others."""
    (publisher,) = connect(observer, raw, SHALLOW)
    publisher.publish(String(data="first"))
    assert words(raw, 1) == ["first"]
    for k in range(50):
        publisher.publish(String(data=f"{k}"))
    time.sleep(0.5)
    assert words(raw, 3) == ["47", "48", "49"]
    assert losses == {TOPIC: 47}


def test_a_publisher_that_begins_anew_lost_nothing(
    observer: Any, raw: RawSubscriptions, losses: Counter[str]
) -> None:
    for _ in range(2):
        (publisher,) = connect(observer, raw, LOG)
        for k in range(5):
            publisher.publish(String(data=f"{k}"))
        assert len(words(raw, 5)) == 5
        observer.node.destroy_publisher(publisher)
    assert not losses


def test_times_are_those_of_the_arrival(observer: Any, raw: RawSubscriptions) -> None:
    (publisher,) = connect(observer, raw, LOG)
    before = time.time_ns()
    publisher.publish(String(data="now"))
    time.sleep(0.3)
    ((topic, _, now),) = raw.take()
    assert topic == TOPIC
    assert before <= now <= before + 200_000_000


def test_a_message_that_was_sent_again_keeps_its_place(raw: RawSubscriptions) -> None:
    """The middleware holds back what came before it; by their times they would change places."""
    received = [5_000, 5_001, 100, 5_002, 10**12, 10**10]  # ns; at last the clock is turned back
    arrivals = [raw.arrival(TOPIC, at) for at in received]
    assert arrivals == [5_000, 5_001, 5_001, 5_002, 10**12, 10**10]


def test_what_is_not_wanted_any_more_is_not_taken(observer: Any, raw: RawSubscriptions) -> None:
    (publisher,) = connect(observer, raw, LOG)
    for k in range(5):
        publisher.publish(String(data=f"{k}"))
    time.sleep(0.3)
    for _ in raw.take():
        raw.remove(TOPIC)
        break
    assert TOPIC not in raw
    assert list(raw.take()) == []
    raw.remove(TOPIC)
