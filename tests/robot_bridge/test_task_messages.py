"""Task commands go through ROS messages and come back, with as many coordinates as they have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from contract.errors import UnknownNameError
from contract.record import Contract
from robot_bridge import task_messages
from robot_bridge.task_messages import TaskPublisher


@pytest.mark.parametrize("name", ["iiwa_contract", "push_contract", "a1_contract"])
def test_a_command_arrives_as_it_was_sent(observer: Any, request: pytest.FixtureRequest, name: str) -> None:
    contract: Contract = request.getfixturevalue(name)
    received: list[Any] = []
    task_messages.subscribe(observer.node, contract.command, "base_link", received.append)
    publisher = TaskPublisher(observer.node, contract.command, "base_link")
    sent = np.array(contract.command.high) - 0.05
    observer.node.create_timer(0.05, lambda: publisher.publish(sent))
    assert observer.until(lambda: bool(received))
    assert received[0].tolist() == sent.tolist()


@pytest.mark.parametrize("attempt", [TaskPublisher, lambda *a: task_messages.subscribe(*a, print)])
def test_a_coordinate_that_no_point_has_is_refused(
    observer: Any, push_contract: Contract, attempt: Callable[..., Any]
) -> None:
    command = replace(push_contract.command, fields=("x", "yy"))
    with pytest.raises(UnknownNameError, match=r"unknown target command field 'yy'\. Did you mean 'y'"):
        attempt(observer.node, command, "base_link")
