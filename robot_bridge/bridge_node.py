"""What all nodes share: a loop of their own, transitions that say why they failed, and a good end."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

import rclpy
from rclpy.executors import Executor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import get_rmw_implementation_identifier

from contract.errors import TerrafirmaError
from robot_bridge import refusal, security
from robot_bridge.environment import node_environment
from robot_bridge.ros import IDLE, make_executor, setting
from robot_bridge.signals import Signals

FAILED = 2  # exit code of a node that could not do what it was started for


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
