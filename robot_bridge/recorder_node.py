"""Lifecycle node that writes topics to a bag, byte for byte as they came over the wire.

Parameters: output (folder to create), topics (list of "name type"; names are relative to the
node's namespace), policy (path, noted in the bag), domain (path or name, noted in the bag),
policy_node (name of the node whose ticks are counted), max_ticks (stop after so many running
ticks; 0: never), seconds (of ROS time; 0: never), stall_timeout (wall s without a running tick
that count as failure while max_ticks is waited for; 0: never), split_megabytes (size of a file
after which the next one begins; 0: never), compression (none, zstd or lz4), min_free_megabytes
(refuse to begin with less on the disk), buffer_megabytes (what may wait for a slow disk; more is
dropped and counted), autostart, use_sim_time.

It listens to the ticks once it hears the sensors that the policy acts on, and until it has
enough. A policy node that needs a tick listener therefore never runs unrecorded, and holds
when the budget is spent. When the disk takes no more, it stops listening, says so, and ends with
exit code 2 a moment later: the policy has held by then.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

from rclpy.executors import Executor
from rclpy.qos import ReliabilityPolicy
from rclpy.subscription import Subscription
from std_msgs.msg import Float64MultiArray

from contract.errors import TerrafirmaError
from contract.sources import needs_observer
from policies.runtime import Policy
from robot_bridge import bridge_node, diagnostics, ros
from robot_bridge.background_writer import BackgroundWriter
from robot_bridge.bag import BagWriter
from robot_bridge.diagnostics import Diagnostics
from robot_bridge.heartbeat import Heartbeat
from robot_bridge.losses import Losses
from robot_bridge.messages import needs_imu
from robot_bridge.qos import LOG, LOG_BEST_EFFORT
from robot_bridge.raw_subscriptions import RawSubscriptions
from robot_bridge.recorded_topics import DEFAULT_TOPICS, message_type
from robot_bridge.recording import StopRule, check_free_space, provenance
from robot_bridge.sensors import IMU, JOINT_STATES, OBJECT
from robot_bridge.tick import Mode, decode

PAUSE = 0.005  # s between two looks at what has come
QOS_CHECK = 0.5  # s
FAREWELL = 0.5  # s between a failed write and the end: the policy holds first, then all others end
MEGABYTE = 1_000_000


class RecorderNode(bridge_node.ManagedNode):
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
            ros.setting(self, "max_ticks", 0, low=0),
            ros.setting(self, "seconds", 0.0, low=0.0),
            ros.setting(self, "stall_timeout", 0.0, low=0.0),
        )
        self._compression = ros.setting(self, "compression", "none")
        self._split = ros.setting(self, "split_megabytes", 0.0)
        self._min_free = ros.setting(self, "min_free_megabytes", 100.0)
        self._buffer = ros.setting(self, "buffer_megabytes", 64.0)
        self._diagnostics = Diagnostics(self)
        self._heartbeat = Heartbeat(self)
        self._bag: BackgroundWriter | None = None
        self._losses = Losses()
        self._failed: float | None = None  # wall s, when writing did
        self._raw = RawSubscriptions(self, self._lose)
        self._kinds: dict[str, type[Any]] = {}
        self._awaited: set[str] = set()
        self._qos_checked = 0.0

    @property
    def subscriptions(self) -> Iterator[Subscription[Any]]:
        """Those that the executor serves."""
        return (each for each in super().subscriptions if not self._raw.owns(each))

    def configure(self) -> None:
        if not self._output:
            raise TerrafirmaError("parameter output: give the folder that the bag shall be written to.")
        topics = {self._tick_topic: "std_msgs/msg/Float64MultiArray"}
        for entry in self._topics:
            name, _, type_name = entry.partition(" ")
            topics[self.resolve_topic_name(name)] = type_name.strip()
        self._kinds = {name: message_type(type_name, name) for name, type_name in topics.items()}
        policy = Policy(Path(self._policy)) if self._policy else None
        sensors = [JOINT_STATES]
        if policy:
            sensors += [IMU] * needs_imu(policy.contract) + [OBJECT] * needs_observer(policy.contract)
        self._awaited = {self.resolve_topic_name(name) for name in sensors} & set(topics)
        output = Path(self._output)
        check_free_space(output, self._min_free * MEGABYTE)
        bag = BagWriter(
            output, provenance(policy, self._domain), self._compression, round(self._split * MEGABYTE)
        )
        for name, type_name in topics.items():
            bag.add_topic(name, type_name)
        self._losses, self._failed = Losses(), None
        self._bag = BackgroundWriter(bag, round(self._buffer * MEGABYTE))
        for name in set(topics) - {self._tick_topic}:
            self._raw.add(name, self._kinds[name], LOG)

    def cleanup(self) -> None:
        self._raw.clear()
        bag, self._bag = self._bag, None
        if bag is None:
            return
        bag.close(self._losses.total(bag.dropped))
        if bag.error is not None:
            self.exit_code = bridge_node.FAILED
            if self._failed is None:  # it failed with the very last bytes
                self.get_logger().error(_cause(bag))
        count, ticks = sum(bag.counts.values()), self._stop_rule.ticks
        lost = sum(self._losses.total(bag.dropped).values())
        if bag.error is None and not lost and not self._heard(bag):
            shutil.rmtree(bag.folder)  # in the way of the next try
            self.get_logger().warning(f"{bag.folder}: removed, for nothing came that could be recorded")
            return
        self.get_logger().info(f"{bag.folder}: {count} messages, {ticks} running ticks, {lost} lost")

    def _lose(self, topic: str, count: int) -> None:
        self._losses.lose(topic, count)

    def _heard(self, bag: BackgroundWriter) -> bool:
        """Whether anything came but what nodes say of themselves."""
        return any(count for name, count in bag.counts.items() if name != diagnostics.TOPIC)

    def iterate(self, executor: Executor) -> None:
        executor.spin_once(timeout_sec=PAUSE)
        if self._bag is None:
            return
        self._heartbeat.beat()
        wall = time.monotonic()
        if self._bag.error is not None:
            self._give_up(self._bag, wall)
        else:
            self._record(self._bag, wall)
        if self._diagnostics.due():
            self._report(self._bag)

    def _record(self, bag: BackgroundWriter, wall: float) -> None:
        # topic after topic they came; a bag is easier to read in the order of time
        for topic, data, now in sorted(self._raw.take(), key=itemgetter(2)):
            if not self.active:
                continue
            if topic == self._tick_topic:
                self._write_tick(bag, data, now)
            else:
                bag.put(topic, data, now)
        if wall - self._qos_checked > QOS_CHECK:
            self._qos_checked = wall
            self._match_publishers(bag)
        if self.active:
            self._listen_to_ticks(bag)
            self._stop_when_done(bag, wall)

    def _give_up(self, bag: BackgroundWriter, wall: float) -> None:
        """Nobody listens any more, which the policy sees; then end."""
        if self._failed is None:
            self._failed = wall
            self._raw.clear()
            self.get_logger().error(_cause(bag))
            self._report(bag)
        elif wall - self._failed > FAREWELL:
            self.exit_code = bridge_node.FAILED

    def _report(self, bag: BackgroundWriter) -> None:
        level, message = Diagnostics.OK, "recording" if self.active else "not active"
        lost = self._losses.total(bag.dropped)
        if lost:
            level, message = Diagnostics.WARN, f"{message}, {sum(lost.values())} messages lost"
        if bag.error is not None:
            level, message = Diagnostics.ERROR, _cause(bag)
        values = {
            "running_ticks": self._stop_rule.ticks,
            "waiting_bytes": bag.backlog,
            "dropped_for_slow_disk": sum(bag.dropped.values()),
            **{f"lost {name}": count for name, count in lost.items()},
            **{name: bag.counts[name] for name in self._kinds},
        }
        self._diagnostics.publish(level, message, values)

    def _listen_to_ticks(self, bag: BackgroundWriter) -> None:
        if self._stop_rule.enough_ticks:
            self._raw.remove(self._tick_topic)
        elif self._tick_topic not in self._raw and self._awaited <= set(bag.counts):
            self._raw.add(self._tick_topic, self._kinds[self._tick_topic], LOG)

    def _stop_when_done(self, bag: BackgroundWriter, wall: float) -> None:
        try:
            if self._stop_rule.finished(wall, self.get_clock().now().nanoseconds * 1e-9):
                if not self._heard(bag):
                    raise TerrafirmaError("time is up, and no topic was heard: is the robot up?")
                self.exit_code = 0
        except TerrafirmaError as error:
            self.get_logger().error(str(error))
            self.exit_code = bridge_node.FAILED

    def _write_tick(self, bag: BackgroundWriter, data: bytes, now: int) -> None:
        if self._stop_rule.enough_ticks:
            return
        try:
            tick = decode(ros.from_wire(data, Float64MultiArray))
        except TerrafirmaError as error:  # somebody else's: a bag of ticks holds ticks
            self.get_logger().warning(f"{self._tick_topic}: {error}", throttle_duration_sec=1.0)
            return
        taken = bag.put(self._tick_topic, data, now)
        self._losses.see_tick(self._tick_topic, tick.session_tick)
        if taken and tick.mode is Mode.RUNNING:
            self._stop_rule.count_tick(time.monotonic())

    def _match_publishers(self, bag: BackgroundWriter) -> None:
        """Reliable where possible; a publisher that offers only best effort would never be heard."""
        for name in set(self._raw.topics) - set(bag.counts):
            if not self._raw.is_reliable(name):
                continue
            offers = [info.qos_profile.reliability for info in self.get_publishers_info_by_topic(name)]
            if ReliabilityPolicy.BEST_EFFORT in offers:
                self._raw.add(name, self._kinds[name], LOG_BEST_EFFORT)


def _cause(bag: BackgroundWriter) -> str:
    return (
        f"cannot write the bag {bag.folder} any more: {bag.error}; what was written before can be read, and "
        "`terrafirma collect --repair` completes it."
    )


def main(args: list[str] | None = None) -> int:
    """Run the recorder; returns its exit code."""
    return bridge_node.run(RecorderNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
