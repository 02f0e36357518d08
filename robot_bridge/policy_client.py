"""A policy node as another node sees it: what it says of itself, and how to give it a successor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from robot_bridge import diagnostics
from robot_bridge.messages import stamp_ns
from robot_bridge.qos import SENSOR_SUBSCRIBER
from robot_bridge.swap_services import CANDIDATE

SWAP = "swap"
NEVER = 2**63 - 1  # ns


class PolicyClient:
    """Asks without waiting. What it has said before it answered a request does not count any more.

    Args:
        name: of the policy node, relative to the namespace of `node`.
    """

    def __init__(self, node: Node, name: str) -> None:
        self._node = node
        full = node.resolve_topic_name(name)
        self._status = full.removeprefix("/")
        self._values: dict[str, str] = {}
        self._since: dict[str, int] = {}  # ns, from when on it is to be believed on something
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
        return self._values.get(key, "")

    def offer(self, path: Path) -> None:
        """Let it read a policy file."""
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=str(path))
        request = SetParameters.Request(parameters=[Parameter(name=CANDIDATE, value=value)])
        self._ask(self._set, request, CANDIDATE, _set_refusal)

    def promote(self) -> None:
        """Let what it has read take over."""
        self._ask(self._promote, Trigger.Request(), SWAP, _trigger_refusal)

    def roll_back(self) -> None:
        """Let the policy before take over again."""
        self._roll_back.call_async(Trigger.Request())

    def _ask(self, client: Client[Any, Any], request: Any, key: str, refusal: Callable[[Any], str]) -> None:
        """Send a request, and believe on `key` only what is said after the answer."""
        self._since[key] = NEVER
        self._values.pop(key, None)

        def answered(future: Future[Any]) -> None:
            why = refusal(future.result())
            self._since[key] = self._node.get_clock().now().nanoseconds
            if why:
                self._values[key] = f"refused: {why}"

        client.call_async(request).add_done_callback(answered)

    def _take(self, message: DiagnosticArray) -> None:
        stamp = stamp_ns(message.header.stamp)
        for status in message.status:
            if status.name == self._status:
                said = {entry.key: entry.value for entry in status.values}
                self._values |= {k: v for k, v in said.items() if stamp > self._since.get(k, -1)}


def _set_refusal(response: SetParameters.Response) -> str:
    """Why a parameter was not set, or nothing."""
    result = response.results[0]
    return "" if result.successful else result.reason or "no reason given"


def _trigger_refusal(response: Trigger.Response) -> str:
    """Why nothing was triggered, or nothing."""
    return "" if response.success else response.message or "no reason given"
