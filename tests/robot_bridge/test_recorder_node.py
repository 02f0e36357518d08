"""The recorder misses nothing, whatever QoS it is offered."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState

from robot_bridge.bag_reader import Bag

RATE, COUNT = 500, 1000


@pytest.mark.parametrize("reliability", [ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT])
def test_lossless_at_500_hz(
    start: Callable[..., Any], observer: Any, tmp_path: Path, reliability: ReliabilityPolicy
) -> None:
    publisher = observer.node.create_publisher(
        JointState, "/joint_states", QoSProfile(depth=10, reliability=reliability)
    )
    recorder = start("recorder_node", output=tmp_path / "bag", autostart=True)
    assert observer.until(lambda: publisher.get_subscription_count() > 0)
    message = JointState(name=["a"], velocity=[0.0])
    begin = time.monotonic()
    for index in range(COUNT):
        message.position = [float(index)]
        publisher.publish(message)
        time.sleep(max(0.0, begin + (index + 1) / RATE - time.monotonic()))
    observer.spin(0.3)
    recorder.process.terminate()
    assert recorder.wait() == 0
    recorded = [m.data.position[0] for m in Bag(tmp_path / "bag").messages(["/joint_states"])]
    assert recorded == [float(index) for index in range(int(recorded[0]), COUNT)]
    assert len(recorded) > COUNT / 2  # discovery may take the first of them


def test_an_existing_bag_is_refused(start: Callable[..., Any], tmp_path: Path) -> None:
    node = start("recorder_node", output=tmp_path, autostart=True)
    assert node.wait() == 2
    assert "exists already" in node.output()


def test_ticks_that_never_come_are_a_failure(start: Callable[..., Any], tmp_path: Path) -> None:
    node = start("recorder_node", output=tmp_path / "bag", autostart=True, max_ticks=5, stall_timeout=0.5)
    assert node.wait() == 2
    assert "after 0 of 5" in node.output()
