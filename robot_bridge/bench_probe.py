"""The robot's end of the wire: sends readings at a rate and notes how long each answer takes.

`python -m robot_bridge.bench_probe POLICY RATE TURNS SECONDS` lets an echo and a policy node take
turns, and prints a line of JSON for each turn: graph, round trips (µs), ticks, missed ticks.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
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

GRAPHS = ("echo", "policy")
PATIENCE = 60.0  # s until a graph answers
SETTLE = 0.5  # s of answers that are not counted
NOISE = 1e-4  # rad, so that no two set-points are the same
MICRO = 1e-3  # µs in a ns


class Probe(Node):
    """Publishes to one graph at a time and matches answers with readings."""

    def __init__(self, policy: Path, rate: float) -> None:
        super().__init__("probe")
        self._period = round(1e9 / rate)
        joints = Policy(policy).contract.joints
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
            for graph in GRAPHS
        }
        for graph, take in (("echo", self._take_echo), ("policy", self._take_command)):
            topic = f"/{graph}/position_controller/commands"
            self.create_subscription(Float64MultiArray, topic, take, COMMAND)
        self.create_subscription(Float64MultiArray, "/policy/policy/tick", self._take_tick, LOG)
        self._client: Any = self.create_client(ChangeState, "/policy/policy/change_state")
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

    def ask(self, transition: int) -> None:
        """Have the policy node make a lifecycle transition, while readings come."""
        self.drive("policy", PATIENCE, self._client.service_is_ready)
        future: Any = self._client.call_async(ChangeState.Request(transition=Transition(id=transition)))
        if not self.drive("policy", PATIENCE, future.done) or not future.result().success:
            raise RuntimeError(f"the policy node refused transition {transition}; see its log")

    def turn(self, graph: str, seconds: float) -> dict[str, Any]:
        """One measurement."""
        self.forget()
        if graph == "policy":
            self.ask(Transition.TRANSITION_ACTIVATE)
        if not self.drive(graph, PATIENCE, lambda: bool(self.trips)):
            raise RuntimeError(f"no answer from {graph}; see its log")
        self.drive(graph, SETTLE)
        self.forget()
        self.drive(graph, seconds)
        missed = self.numbers[-1] - self.numbers[0] + 1 - len(self.numbers) if self.numbers else 0
        result = {"graph": graph, "trips": self.trips, "ticks": len(self.numbers), "missed": missed}
        if graph == "policy":
            self.ask(Transition.TRANSITION_DEACTIVATE)
        return result


def main(policy: Path, rate: float, turns: int, seconds: float) -> None:
    """Let the graphs take turns; raises RuntimeError where one does not answer."""
    rclpy.init()
    probe = Probe(policy, rate)
    probe.ask(Transition.TRANSITION_CONFIGURE)
    for turn in range(turns):
        for graph in GRAPHS[:: 1 if turn % 2 else -1]:
            sys.stdout.write(json.dumps(probe.turn(graph, seconds)) + "\n")
            sys.stdout.flush()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
