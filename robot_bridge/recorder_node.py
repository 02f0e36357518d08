"""Lifecycle node that writes topics to a bag, byte for byte as they came over the wire.

Parameters: output (folder to create), topics (list of "name type"; names are relative to the
node's namespace), policy (path, noted in the bag), domain (path or name, noted in the bag),
policy_node (name of the node whose ticks are counted), max_ticks (stop after so many running
ticks; 0: never), seconds (of ROS time; 0: never), stall_timeout (wall s without a running tick
that count as failure while max_ticks is waited for; 0: never), autostart, use_sim_time.

It listens to the ticks once it hears the sensors that the policy acts on, and until it has
enough. A policy node that needs a tick listener therefore never runs unrecorded, and holds
when the budget is spent.
"""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

from rclpy.executors import Executor
from rclpy.qos import ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from std_msgs.msg import Float64MultiArray

from contract.errors import TerrafirmaError
from contract.sources import needs_observer
from policies.runtime import Policy
from robot_bridge import ros
from robot_bridge.bag import BagWriter
from robot_bridge.diagnostics import Diagnostics
from robot_bridge.joint_commands import TOPICS as COMMAND_TOPICS
from robot_bridge.joint_commands import TYPES as COMMAND_TYPES
from robot_bridge.messages import needs_imu
from robot_bridge.qos import LOG, LOG_BEST_EFFORT
from robot_bridge.recording import StopRule, provenance
from robot_bridge.sensors import IMU, JOINT_STATES, OBJECT
from robot_bridge.tick import Mode, decode

DEFAULT_TOPICS = [
    "joint_states sensor_msgs/msg/JointState",
    "imu/data sensor_msgs/msg/Imu",
    "object_pose geometry_msgs/msg/PoseStamped",
    *(f"{topic} {COMMAND_TYPES[interface]}" for interface, topic in COMMAND_TOPICS.items()),
    "target geometry_msgs/msg/PointStamped",
    "cmd_vel geometry_msgs/msg/Twist",
    "/diagnostics diagnostic_msgs/msg/DiagnosticArray",
]
QOS_CHECK = 0.5  # s


class RecorderNode(ros.ManagedNode):
    """Writes while active; ends by itself, with exit code 0, when it has enough."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self._output = ros.setting(self, "output", "")
        self._topics = ros.setting(self, "topics", DEFAULT_TOPICS)
        self._policy = ros.setting(self, "policy", "")
        self._domain = ros.setting(self, "domain", "")
        tick_node = ros.setting(self, "policy_node", "policy")
        self._tick_topic = self.resolve_topic_name(f"{tick_node}/tick")
        self._stop_rule = StopRule(
            ros.setting(self, "max_ticks", 0),
            ros.setting(self, "seconds", 0.0),
            ros.setting(self, "stall_timeout", 0.0),
        )
        self._diagnostics = Diagnostics(self)
        self._bag: BagWriter | None = None
        self._recorded: dict[str, Subscription[Any]] = {}
        self._kinds: dict[str, type[Any]] = {}
        self._awaited: set[str] = set()
        self._qos_checked = 0.0

    def configure(self) -> None:
        if not self._output:
            raise TerrafirmaError("parameter output: give the folder that the bag shall be written to.")
        topics = {self._tick_topic: "std_msgs/msg/Float64MultiArray"}
        for entry in self._topics:
            name, _, type_name = entry.partition(" ")
            topics[self.resolve_topic_name(name)] = type_name.strip()
        self._kinds = {name: _message_type(type_name, name) for name, type_name in topics.items()}
        policy = Policy(Path(self._policy)) if self._policy else None
        sensors = [JOINT_STATES]
        if policy:
            sensors += [IMU] * needs_imu(policy.contract) + [OBJECT] * needs_observer(policy.contract)
        self._awaited = {self.resolve_topic_name(name) for name in sensors} & set(topics)
        self._bag = BagWriter(Path(self._output), provenance(policy, self._domain))
        for name, type_name in topics.items():
            self._bag.add_topic(name, type_name)
            if name != self._tick_topic:
                self._subscribe(name, best_effort=False)

    def deactivate(self) -> None:
        if self._bag is not None:
            self._bag.flush(time.time_ns())

    def cleanup(self) -> None:
        for subscription in self._recorded.values():
            self.destroy_subscription(subscription)
        self._recorded.clear()
        if self._bag is not None:
            self._bag.close()
            count, ticks = self._bag.message_count, self._stop_rule.ticks
            self.get_logger().info(f"{self._bag.folder}: {count} messages, {ticks} running ticks")
            self._bag = None

    def iterate(self, executor: Executor) -> None:
        executor.spin_once(timeout_sec=ros.IDLE)
        if self._bag is None:
            return
        self._bag.flush(time.time_ns())
        wall = time.monotonic()
        if wall - self._qos_checked > QOS_CHECK:
            self._qos_checked = wall
            self._match_publishers()
        if self.active:
            self._listen_to_ticks(self._bag)
            self._stop_when_done(wall)
        if self._diagnostics.due():
            self._diagnostics.publish(
                Diagnostics.OK,
                "recording" if self.active else "not active",
                {"running_ticks": self._stop_rule.ticks, **self._bag.counts()},
            )

    def _listen_to_ticks(self, bag: BagWriter) -> None:
        listening = self._tick_topic in self._recorded
        if self._stop_rule.enough_ticks:
            if listening:
                self.destroy_subscription(self._recorded.pop(self._tick_topic))
        elif not listening and self._awaited <= bag.heard:
            self._subscribe(self._tick_topic, best_effort=False)

    def _stop_when_done(self, wall: float) -> None:
        try:
            if self._stop_rule.finished(wall, self.get_clock().now().nanoseconds * 1e-9):
                self.exit_code = 0
        except TerrafirmaError as error:
            self.get_logger().error(str(error))
            self.exit_code = ros.FAILED

    def _subscribe(self, name: str, best_effort: bool) -> None:
        bag = self._bag
        assert bag is not None

        def write(data: bytes) -> None:
            if self.active and not (name == self._tick_topic and self._stop_rule.enough_ticks):
                bag.write(name, data, time.time_ns())
                if name == self._tick_topic:
                    self._count(data)

        qos = LOG_BEST_EFFORT if best_effort else LOG
        self._recorded[name] = self.create_subscription(self._kinds[name], name, write, qos, raw=True)

    def _count(self, data: bytes) -> None:
        if decode(deserialize_message(data, Float64MultiArray)).mode is Mode.RUNNING:
            self._stop_rule.count_tick(time.monotonic())

    def _match_publishers(self) -> None:
        """Reliable where possible; a publisher that offers only best effort would never be heard."""
        assert self._bag is not None
        for name in set(self._recorded) - self._bag.heard:
            current = self._recorded[name]
            if current.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT:
                continue
            offers = [info.qos_profile.reliability for info in self.get_publishers_info_by_topic(name)]
            if ReliabilityPolicy.BEST_EFFORT in offers:
                self.destroy_subscription(current)
                self._subscribe(name, best_effort=True)


def _message_type(type_name: str, topic: str) -> type[Any]:
    package, _, message = type_name.replace("/msg/", "/").partition("/")
    try:
        kind: type[Any] = getattr(importlib.import_module(f"{package}.msg"), message)
    except (ImportError, AttributeError, ValueError) as error:
        raise TerrafirmaError(
            f"parameter topics: {topic} has type {type_name!r}, which is not installed here; "
            'each entry is "name package/msg/Type".'
        ) from error
    return kind


def main(args: list[str] | None = None) -> int:
    """Run the recorder; returns its exit code."""
    return ros.run(RecorderNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
