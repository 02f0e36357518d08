"""A policy node as another node sees it: what it says of itself, and how to give it a successor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.node import Node
from std_srvs.srv import Trigger

from robot_bridge import diagnostics
from robot_bridge.qos import SENSOR_SUBSCRIBER
from robot_bridge.swap_services import CANDIDATE


class PolicyClient:
    """Asks without waiting: what came of it is in the diagnostics.

    Args:
        name: of the policy node, relative to the namespace of `node`.
    """

    def __init__(self, node: Node, name: str) -> None:
        self._node = node
        full = node.resolve_topic_name(name)
        self._status = full.removeprefix("/")
        self._values: dict[str, str] = {}
        self._ignored: set[str] = set()  # what was said before the newest request, and means nothing now
        node.create_subscription(DiagnosticArray, diagnostics.TOPIC, self._take, SENSOR_SUBSCRIBER)
        self._set: Client[Any, Any] = node.create_client(SetParameters, f"{full}/set_parameters")
        self._promote: Client[Any, Any] = node.create_client(Trigger, f"{full}/promote")
        self._roll_back: Client[Any, Any] = node.create_client(Trigger, f"{full}/roll_back")

    @property
    def is_there(self) -> bool:
        """Whether it can be asked to let another policy take over."""
        return bool(self._set.service_is_ready() and self._promote.service_is_ready())

    def said(self, key: str) -> str:
        """Its newest word; empty where there is none since the newest request."""
        return "" if key in self._ignored else self._values.get(key, "")

    def offer(self, path: Path) -> None:
        """Let it read a policy file."""
        self._ignored.add(CANDIDATE)
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=str(path))
        request = SetParameters.Request(parameters=[Parameter(name=CANDIDATE, value=value)])
        self._set.call_async(request).add_done_callback(lambda _: self._ignored.discard(CANDIDATE))

    def promote(self) -> None:
        """Let what it has read take over."""
        self._ignored.add("swap")
        self._promote.call_async(Trigger.Request()).add_done_callback(lambda _: self._ignored.discard("swap"))

    def roll_back(self) -> None:
        """Let the policy before take over again."""
        self._roll_back.call_async(Trigger.Request())

    def _take(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == self._status:
                self._values = {entry.key: entry.value for entry in status.values}
