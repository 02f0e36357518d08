"""The robot's end of the wire: sends readings at a rate and notes how long each answer takes.

`python -m robot_bridge.bench_probe POLICY RATE TURNS SECONDS ECHO GRAPH...` lets an echo node and policy
nodes take turns, each in the namespace of its graph. A line of JSON with the graph begins each turn, one with
round trips (µs), ticks and missed ticks ends it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import Node
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray

from policies.runtime import Policy
from robot_bridge.messages import float_array
from robot_bridge.qos import COMMAND, LOG, SENSOR_PUBLISHER
from robot_bridge.ros import make_executor
from robot_bridge.tick import Mode, decode

PATIENCE = 60.0  # s until a graph answers
SETTLE = 0.5  # s of answers that are not counted
NOISE = 1e-4  # rad, so that no two set-points are the same
MICRO = 1e-3  # µs in a ns


class Probe(Node):
    """Publishes to one graph at a time and matches answers with readings."""

    def __init__(self, policy: Path, rate: float, echo: str, policies: Sequence[str]) -> None:
        super().__init__("probe")
        self._period = round(1e9 / rate)
        joints = Policy(policy).contract.joints
        self._echo = echo
        self._pose = np.array([joint.default_position for joint in joints])
        self._rng = np.random.default_rng(0)
        self._joints = JointState(name=[joint.name for joint in joints])
        self._joints.velocity = self._joints.effort = float_array(np.zeros(len(joints)))
        self._imu = Imu()
        self._imu.orientation.w = 1.0
        self._sensors = {
            graph: (
                self.create_publisher(Imu, f"/{graph}/imu/data", SENSOR_PUBLISHER),
                self.create_publisher(JointState, f"/{graph}/joint_states", SENSOR_PUBLISHER),
            )
            for graph in (echo, *policies)
        }
        for graph, take in ((echo, self._take_echo), *((name, self._take_command) for name in policies)):
            topic = f"/{graph}/position_controller/commands"
            self.create_subscription(Float64MultiArray, topic, take, COMMAND)
        for graph in policies:
            self.create_subscription(Float64MultiArray, f"/{graph}/policy/tick", self._take_tick, LOG)
        self._changes: dict[str, Any] = {
            graph: self.create_client(ChangeState, f"/{graph}/policy/change_state") for graph in policies
        }
        self._executor = make_executor()
        self._executor.add_node(self)
        self.forget()

    def forget(self) -> None:
        """Count from now on."""
        self.trips: list[float] = []  # µs
        self.numbers: list[int] = []  # of running ticks
        self._arrived: dict[bytes, int] = {}

    def drive(self, graph: str, seconds: float, enough: Callable[[], bool] = lambda: False) -> bool:
        """Send readings for so long, or until there is `enough`."""
        due = time.monotonic_ns()
        end = due + round(seconds * 1e9)
        while due < end and not enough():
            due += self._period
            self._wait(due)
            self._send(graph)
        return enough()

    def _wait(self, due: int) -> None:
        while (remaining := due - time.monotonic_ns()) > 0:
            self._executor.spin_once(timeout_sec=remaining * 1e-9)

    def _send(self, graph: str) -> None:
        imu, joints = self._sensors[graph]
        self._joints.position = float_array(self._pose + NOISE * self._rng.standard_normal(len(self._pose)))
        stamp = self._joints.header.stamp
        stamp.sec, stamp.nanosec = divmod(time.monotonic_ns(), 1_000_000_000)
        self._imu.header.stamp = stamp
        imu.publish(self._imu)
        joints.publish(self._joints)

    def _take_echo(self, message: Float64MultiArray) -> None:
        now = time.monotonic_ns()
        self.trips.append((now - round(message.data[0]) * 1_000_000_000 - round(message.data[1])) * MICRO)

    def _take_command(self, message: Float64MultiArray) -> None:
        self._arrived[message.data.tobytes()] = time.monotonic_ns()

    def _take_tick(self, message: Float64MultiArray) -> None:
        """The tick names the reading that its command answers."""
        tick = decode(message)
        arrived = self._arrived.pop(tick.set_point.tobytes(), None)
        if tick.mode is not Mode.RUNNING:
            return
        self.numbers.append(tick.number)
        if arrived is not None:
            self.trips.append((arrived - tick.joint_stamp) * MICRO)

    def ask(self, graph: str, transition: int) -> None:
        """Have a graph's policy node make a lifecycle transition, while readings come."""
        change = self._changes[graph]
        self.drive(graph, PATIENCE, change.service_is_ready)
        future: Any = change.call_async(ChangeState.Request(transition=Transition(id=transition)))
        if not self.drive(graph, PATIENCE, future.done) or not future.result().success:
            raise RuntimeError(f"the policy node refused transition {transition}; see its log")

    def turn(self, graph: str, seconds: float) -> Iterator[dict[str, Any]]:
        """One measurement: what it is of, and when it is done what it gave."""
        self.forget()
        if graph != self._echo:
            self.ask(graph, Transition.TRANSITION_ACTIVATE)
        if not self.drive(graph, PATIENCE, lambda: bool(self.trips)):
            raise RuntimeError(f"no answer from {graph}; see its log")
        self.drive(graph, SETTLE)
        self.forget()
        yield {"graph": graph}
        self.drive(graph, seconds)
        missed = self.numbers[-1] - self.numbers[0] + 1 - len(self.numbers) if self.numbers else 0
        yield {"graph": graph, "trips": self.trips, "ticks": len(self.numbers), "missed": missed}
        if graph != self._echo:
            self.ask(graph, Transition.TRANSITION_DEACTIVATE)


def main(policy: Path, rate: float, turns: int, seconds: float, echo: str, policies: Sequence[str]) -> None:
    """Let the graphs take turns; raises RuntimeError where one does not answer."""
    rclpy.init()
    probe = Probe(policy, rate, echo, policies)
    for graph in policies:
        probe.ask(graph, Transition.TRANSITION_CONFIGURE)
    for turn in range(turns):
        for graph in (echo, *policies)[:: 1 if turn % 2 else -1]:
            for result in probe.turn(graph, seconds):
                sys.stdout.write(json.dumps(result) + "\n")
                sys.stdout.flush()
    rclpy.try_shutdown()


if __name__ == "__main__":
    policy_file, *numbers, name = sys.argv[1:6]
    main(Path(policy_file), float(numbers[0]), int(numbers[1]), float(numbers[2]), name, sys.argv[6:])
