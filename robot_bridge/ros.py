"""rclpy's quirks, in one place: start, spin, stop, and what lifecycle nodes share.

Nodes run their own loop and let the executor handle one callback at a time in between. The
events executor does that with the least jitter where rclpy has it (Jazzy and newer); its
`spin()` and `spin_once(None)` are never used, the first burns a core, the second may not return.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

import rclpy
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions
from rclpy.subscription import Subscription
from rclpy.utilities import get_rmw_implementation_identifier

from contract.errors import ContractError, TerrafirmaError
from robot_bridge import refusal, security
from robot_bridge.environment import node_environment
from robot_bridge.qos import SENSOR_SUBSCRIBER

M = TypeVar("M")
T = TypeVar("T", bool, int, float, str, list[str])
IDLE = 0.05  # s, longest wait between two looks at signals
SETTLE = 1.0  # s
FAILED = 2  # exit code of a node that could not do what it was started for


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


class Signals:
    """SIGINT and SIGTERM ask the loop to end; nodes then stop in good order."""

    received: int | None = None

    @classmethod
    def install(cls) -> None:
        cls.received = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, cls._note)
        # The launcher blocks SIGINT until here: in the middle of an import it would be a traceback.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    @classmethod
    def _note(cls, number: int, frame: FrameType | None) -> None:
        cls.received = number


class BridgeNode(Node):
    """A node with a loop of its own."""

    exit_code: int | None = None  # set by the node when it is done

    def start(self) -> None:
        """Called once, before the first iteration."""

    def iterate(self, executor: Executor) -> None:
        """One turn of the loop; waits in the executor for at most `IDLE` s."""
        executor.spin_once(timeout_sec=IDLE)

    def stop(self) -> None:
        """Called once, after the last iteration."""


class ManagedNode(LifecycleNode, BridgeNode):
    """A lifecycle node that says why a transition failed, and can start itself.

    Subclasses implement `configure`, `activate`, `deactivate` and `cleanup`, which raise
    TerrafirmaError to refuse. Parameter `autostart` configures and activates at start.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._autostart = setting(self, "autostart", False)

    def start(self) -> None:
        if not self._autostart:
            return
        for transition in (self.trigger_configure, self.trigger_activate):
            if Signals.received is None and transition() != TransitionCallbackReturn.SUCCESS:
                # a node that is told to end while it waits for the robot has not failed
                self.exit_code = FAILED if Signals.received is None else 0
                return

    def stop(self) -> None:
        try:
            if self.active:
                self.trigger_deactivate()
        finally:
            self.cleanup()

    active = False

    def configure(self) -> None:
        """Acquire everything."""

    def activate(self) -> None:
        """Begin to act."""

    def deactivate(self) -> None:
        """Cease to act; publishers still work while this runs."""

    def cleanup(self) -> None:
        """Release everything; harmless when there is nothing."""

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition(
            self.configure, lambda: super(ManagedNode, self).on_configure(state), self.cleanup
        )

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = self._transition(self.activate, lambda: super(ManagedNode, self).on_activate(state))
        self.active = result == TransitionCallbackReturn.SUCCESS
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = self._transition(self.deactivate, lambda: super(ManagedNode, self).on_deactivate(state))
        self.active = result == TransitionCallbackReturn.ERROR  # on_error then tries once more
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition(self.cleanup, lambda: super(ManagedNode, self).on_cleanup(state))

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self.active:
            self.on_deactivate(state)
        self.active = False
        self.exit_code = 0
        return self._transition(self.cleanup, lambda: super(ManagedNode, self).on_shutdown(state))

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """An unexpected error ends the node; pretending to recover would hide it."""
        if self.active:
            self._transition(self.deactivate, lambda: TransitionCallbackReturn.SUCCESS)
        self.active = False
        self.exit_code = FAILED
        return TransitionCallbackReturn.FAILURE

    def _transition(
        self,
        action: Callable[[], None],
        entities: Callable[[], TransitionCallbackReturn],
        undo: Callable[[], None] = lambda: None,
    ) -> TransitionCallbackReturn:
        try:
            action()
        except TerrafirmaError as error:
            if Signals.received is None:  # else the signal is why it could not go on
                self.get_logger().error(str(error))
                refusal.tell(str(error))
            undo()
            return TransitionCallbackReturn.FAILURE
        except Exception as error:  # rclpy would swallow it without a word
            self.get_logger().error(traceback.format_exc())
            refusal.tell(repr(error))
            return TransitionCallbackReturn.ERROR
        return entities()


def run(make_node: Callable[[], BridgeNode], args: list[str] | None) -> int:
    """Start rclpy, run one node until it is done or a signal comes, and return its exit code."""
    os.environ.update(node_environment(os.environ))
    Signals.install()
    node: BridgeNode | None = None
    try:
        node = _make(make_node, args)
        _live(node)
        return node.exit_code or 0
    except TerrafirmaError as error:
        sys.stderr.write(f"{make_node.__name__}: {error}\n")
        refusal.tell(str(error))
        return FAILED
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()


def _make(make_node: Callable[[], BridgeNode], args: list[str] | None) -> BridgeNode:
    """Start rclpy and make the node; with the security that is asked for, or not at all."""
    security.check_spelling(os.environ)
    try:
        rclpy.init(
            args=args if args is None else ["node", *args], signal_handler_options=SignalHandlerOptions.NO
        )
        security.check_middleware(os.environ, get_rmw_implementation_identifier())
        return make_node()
    except RuntimeError as error:  # rclpy's own errors, of which rclpy exports no base
        raise security.refusal(os.environ, error) from error


def _live(node: BridgeNode) -> None:
    """Start, loop and stop; whatever goes wrong, the robot gets its last pose and a bag its end."""
    executor = make_executor()
    executor.add_node(node)
    try:
        node.start()
        while node.exit_code is None and Signals.received is None:
            node.iterate(executor)
    finally:
        node.stop()
        executor.remove_node(node)


def publisher_count(node: Node, subscription: Subscription[Any]) -> int:
    """How many publishers a subscription hears; before Jazzy, how many are known on its topic."""
    if hasattr(subscription, "get_publisher_count"):
        return int(subscription.get_publisher_count())
    return int(node.count_publishers(subscription.topic_name))


def is_simulated(node: Node) -> bool:
    """Whether the node follows /clock."""
    return bool(node.get_parameter("use_sim_time").value)
