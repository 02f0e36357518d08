"""rclpy's quirks, in one place: parameters, executors, and waiting for a message.

Nodes run their own loop and let the executor handle one callback at a time in between. The
events executor does that with the least jitter where rclpy has it (Jazzy and newer); its
`spin()` and `spin_once(None)` are never used, the first burns a core, the second may not return.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, TypeVar

import rclpy
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription

from contract.errors import ContractError, TerrafirmaError
from robot_bridge.qos import SENSOR_SUBSCRIBER
from robot_bridge.signals import Signals

M = TypeVar("M")
T = TypeVar("T", bool, int, float, str, list[str])
IDLE = 0.05  # s, longest wait between two looks at signals
SETTLE = 1.0  # s


def setting(
    node: Node,
    name: str,
    default: T,
    about: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    read_only: bool = True,
) -> T:
    """Declare parameter `name` and return its value, converted to the type of `default`.

    Launch files and YAML write 5 where 5.0 is meant; that is accepted.

    Args:
        about: what `ros2 param describe` says.
        low, high: ends of the range of a number, both allowed.
        read_only: the value is read at the start only, and nobody may think to change it later.

    Raises:
        TerrafirmaError: the value has another type, or is out of range.
    """
    descriptor = ParameterDescriptor(description=about, dynamic_typing=True, read_only=read_only)
    node.declare_parameter(name, default, descriptor)
    value = node.get_parameter(name).value
    wanted = type(default)
    if wanted is float and type(value) is int:
        value = float(value)
    if wanted is str and type(value) in (int, float):
        value = str(value)
    if value is None or type(value) is not wanted:
        raise TerrafirmaError(f"parameter {name}: expected {wanted.__name__}, got {value!r}.")
    if isinstance(value, (int, float)) and not low <= value <= high:
        raise TerrafirmaError(f"parameter {name}: {value:g} is not within [{low:g}, {high:g}].")
    return value


def from_wire(data: bytes, kind: type[M]) -> M:
    """The message in CDR bytes; raises ContractError where they are no such message."""
    try:
        message: M = deserialize_message(data, kind)
    except RuntimeError as error:
        raise ContractError(f"{len(data)} bytes are no {kind.__name__} ({error}).") from error
    return message


def make_executor() -> Executor:
    """The executor with the least jitter that this rclpy has."""
    try:
        from rclpy.experimental.events_executor import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor()
    return EventsExecutor()


def wait_for_message(
    node: Node,
    kind: type[Any],
    topic: str,
    timeout: float,
    take: Callable[[Any], bool],
    qos: QoSProfile = SENSOR_SUBSCRIBER,
) -> None:
    """Hand messages on `topic` to `take` until it says that it has enough.

    `take` may refuse a message by raising. Several devices may share a topic, so a refusal does not end
    the wait at once, but `SETTLE` s later. Uses a node and an executor of its own, so that it may be called
    from within a callback.

    Raises:
        TerrafirmaError: the last refusal; or nothing, or not enough, came within `timeout` s.
    """
    received: list[Any] = []
    refusal: TerrafirmaError | None = None
    heard = False
    probe = rclpy.create_node(
        f"{node.get_name()}_probe",
        namespace=node.get_namespace(),
        use_global_arguments=False,
        enable_rosout=False,
        start_parameter_services=False,
    )
    executor = SingleThreadedExecutor()
    executor.add_node(probe)
    name = node.resolve_topic_name(topic)
    try:
        probe.create_subscription(kind, name, received.append, qos)
        end = time.monotonic() + timeout
        while time.monotonic() < end and Signals.received is None:
            executor.spin_once(timeout_sec=IDLE)
            if not received:
                continue
            heard = True
            try:
                if take(received.pop()):
                    return
            except TerrafirmaError as error:
                end = end if refusal else min(end, time.monotonic() + SETTLE)
                refusal = error
    finally:
        executor.shutdown()
        probe.destroy_node()
    few = "too few messages" if heard else "no message"
    raise refusal or TerrafirmaError(f"{few} on {name} within {timeout:g} s: is the robot there?")


def publisher_count(node: Node, subscription: Subscription[Any]) -> int:
    """How many publishers a subscription hears; before Jazzy, how many are known on its topic."""
    if hasattr(subscription, "get_publisher_count"):
        return int(subscription.get_publisher_count())
    return int(node.count_publishers(subscription.topic_name))


def is_simulated(node: Node) -> bool:
    """Whether the node follows /clock."""
    return bool(node.get_parameter("use_sim_time").value)
