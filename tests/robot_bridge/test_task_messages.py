"""Task commands go through ROS messages and come back, with as many coordinates as they have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import TwistStamped
from rclpy.duration import Duration

from contract.errors import UnknownNameError
from contract.record import Contract
from robot_bridge import task_messages
from robot_bridge.task_messages import TaskPublisher


@pytest.mark.parametrize(
    ("name", "stamped"),
    [("iiwa_contract", False), ("push_contract", False), ("a1_contract", False), ("a1_contract", True)],
)
def test_a_command_arrives_as_it_was_sent(
    observer: Any, request: pytest.FixtureRequest, name: str, stamped: bool
) -> None:
    contract: Contract = request.getfixturevalue(name)
    received: list[Any] = []
    task_messages.subscribe(observer.node, contract.command, "base_link", stamped, received.append)
    publisher = TaskPublisher(observer.node, contract.command, "base_link", stamped)
    sent = np.array(contract.command.high) - 0.05
    observer.node.create_timer(0.05, lambda: publisher.publish(sent))
    assert observer.until(lambda: bool(received))
    assert received[0].tolist() == sent.tolist()


@pytest.mark.parametrize("attempt", [TaskPublisher, lambda *a: task_messages.subscribe(*a, False, print)])
def test_a_coordinate_that_no_point_has_is_refused(
    observer: Any, push_contract: Contract, attempt: Callable[..., Any]
) -> None:
    command = replace(push_contract.command, fields=("x", "yy"))
    with pytest.raises(UnknownNameError, match=r"unknown target command field 'yy'\. Did you mean 'y'"):
        attempt(observer.node, command, "base_link")


@pytest.mark.parametrize(
    ("frame", "age", "taken"),
    [
        *[("base_link", 0.0, True), ("", 0.0, True), ("base_link", None, True)],
        *[("odom", 0.0, False), ("base_link", 2.0, False), ("base_link", -2.0, False)],
    ],
)
def test_a_stamped_velocity_is_in_the_base_frame_and_new(
    observer: Any, a1_contract: Contract, frame: str, age: float | None, taken: bool
) -> None:
    received: list[Any] = []
    node = observer.node
    task_messages.subscribe(node, a1_contract.command, "base_link", True, received.append)
    publisher = node.create_publisher(TwistStamped, "cmd_vel", 1)
    marker = []
    node.create_subscription(TwistStamped, "cmd_vel", marker.append, 1)

    def send() -> None:
        message = TwistStamped()
        message.header.frame_id = frame
        if age is not None:
            message.header.stamp = (node.get_clock().now() - Duration(seconds=age)).to_msg()
        publisher.publish(message)

    node.create_timer(0.02, send)
    assert observer.until(lambda: len(marker) > 5)
    assert bool(received) == taken
