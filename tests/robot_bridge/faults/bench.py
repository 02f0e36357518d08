"""A robot, a policy and whoever breaks them: an A1 that walks over DDS, and a node that watches."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped, Twist
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from contract.errors import TerrafirmaError
from contract.rotation import tilt
from policies.runtime import Policy
from robot_bridge.tick import Mode, Tick, decode

ROOT = Path(__file__).parents[3]
POLICY = ROOT / "policies" / "zoo" / "a1-velocity.onnx"
COMMANDS = "/position_controller/commands"
PATIENCE = 30.0  # s, for what discovery and start-up take
FALLEN_TILT, FALLEN_HEIGHT = 0.9, 0.12  # rad, m
SPEED = 0.4  # m/s that the robot is told to walk at


@dataclass(frozen=True)
class Seen:
    """A tick and when it came, s."""

    at: float
    tick: Tick


class Bench:
    """Starts the nodes, keeps what they say, and gives a velocity command for as long as `commanding`."""

    def __init__(self, logs: Path) -> None:
        self.domain = random.SystemRandom().randint(1, 101)
        self._environment = os.environ | {
            "ROS_DOMAIN_ID": str(self.domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        self.logs = logs
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        self._context = Context()
        rclpy.init(context=self._context, domain_id=self.domain)
        self.node = rclpy.create_node("breaker", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.ticks: list[Seen] = []
        self.said: list[tuple[float, str]] = []  # the policy's diagnostics
        self.joints: list[list[float]] = []
        self.height: list[float] = []
        self.tilt: list[float] = []
        self.stranger: Any = None  # a publisher
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.twist, self.commanding = Twist(), True
        self.twist.linear.x = SPEED
        self._twists = self.node.create_publisher(Twist, "/cmd_vel", 1)
        self.node.create_timer(0.05, self._command)
        self.node.create_subscription(Float64MultiArray, "/policy/tick", self._take_tick, 1000)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._take_diagnostics, 100)
        self.node.create_subscription(PoseStamped, "/emulated_robot/truth", self._take_truth, 10)
        self.node.create_subscription(JointState, "/joint_states", self._take_joints, 10)
        self.contract = Policy(POLICY).contract
        self.start_robot()
        self.start_policy()

    # Processes
    def start(self, name: str, module: str, *parameters: str) -> None:
        command = [sys.executable, "-m", f"robot_bridge.{module}", "--ros-args"]
        for parameter in parameters:
            command += ["-p", parameter]
        with (self.logs / f"{name}-{time.monotonic_ns()}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)

    def start_robot(self) -> None:
        self.start(
            *("robot", "emulated_robot_node", "robot:=a1", "autostart:=true", "sensor_rate:=200.0"),
            "command_timeout:=0.1",
        )

    def start_policy(self) -> None:
        self.start(
            *("policy", "policy_node"),
            *(f"policy:={POLICY}", "autostart:=true", "command_listeners:=1", "tick_listeners:=1"),
        )

    def signal(self, name: str, number: signal.Signals) -> None:
        self.processes[name].send_signal(number)

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    # What is said
    def _command(self) -> None:
        if self.commanding:
            self._twists.publish(self.twist)

    def _take_tick(self, message: Float64MultiArray) -> None:
        with suppress(TerrafirmaError):  # somebody else's
            self.ticks.append(Seen(time.monotonic(), decode(message)))

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == "policy":
                self.said.append((time.monotonic(), status.message))

    def _take_joints(self, message: JointState) -> None:
        self.joints.append(list(message.position))

    def _take_truth(self, message: PoseStamped) -> None:
        turn = message.pose.orientation
        self.tilt.append(float(tilt(np.array([turn.x, turn.y, turn.z, turn.w]))))
        self.height.append(message.pose.position.z)

    # What is done
    def until(self, condition: Callable[[], bool], timeout: float = PATIENCE) -> bool:
        end = time.monotonic() + timeout
        while not condition() and time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.005)
        return condition()

    def spin(self, seconds: float) -> None:
        self.until(lambda: False, seconds)

    def call(self, kind: type, name: str, request: Any) -> Any:
        client = self.node.create_client(kind, name)
        assert self.until(client.service_is_ready), f"no service {name}"
        future = client.call_async(request)
        assert self.until(future.done), f"no answer from {name}"
        self.node.destroy_client(client)
        return future.result()

    def fail(self, faults: str) -> None:
        """Set the robot's faults; "" ends them."""
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=faults)
        request = SetParameters.Request(parameters=[Parameter(name="faults", value=value)])
        result = self.call(SetParameters, "/emulated_robot/set_parameters", request).results[0]
        assert result.successful, result.reason

    def trigger(self, service: str) -> bool:
        return bool(self.call(Trigger, service, Trigger.Request()).success)

    def recover(self) -> None:
        """Begin with new processes, where a fault before has left none that are well."""
        for name in list(self.processes):
            self.processes[name].kill()
            self.processes.pop(name).wait()
        self.start_robot()
        self.start_policy()

    # What is judged
    @property
    def mode(self) -> Mode | None:
        """That of the newest tick; None if it is old."""
        if not self.ticks or time.monotonic() - self.ticks[-1].at > 0.5:
            return None
        return self.ticks[-1].tick.mode

    def is_walking(self, timeout: float = PATIENCE) -> bool:
        """Wait until the policy runs."""
        return self.until(lambda: self.mode is Mode.RUNNING, timeout)

    def first(self, mode: Mode, since: float) -> float | None:
        """When the first tick in a mode came after `since` s."""
        return next((seen.at for seen in self.ticks if seen.at >= since and seen.tick.mode is mode), None)

    def has_said(self, text: str, since: float) -> bool:
        return any(at >= since and text in message for at, message in self.said)

    def has_fallen(self) -> bool:
        return max(self.tilt, default=0.0) > FALLEN_TILT or min(self.height, default=1.0) < FALLEN_HEIGHT

    def from_standing(self) -> tuple[float, float]:
        """How far the joints have lately been from the default pose, and how far they have moved, rad."""
        default = np.array([joint.default_position for joint in self.contract.joints])
        lately = np.array(self.joints[-20:])
        return float(np.abs(lately - default).max()), float(np.ptp(lately, axis=0).max())

    def set_points(self) -> np.ndarray:
        """All that were sent (ticks, n) rad."""
        return np.array([seen.tick.set_point for seen in self.ticks])

    def is_heard(self) -> bool:
        """Whether everything that is judged has come lately."""
        return min(len(record) for record in (self.ticks, self.height, self.joints)) > 10

    def forget(self) -> None:
        """Judge only what comes from now on."""
        for record in (self.ticks, self.said, self.height, self.tilt, self.joints):
            record.clear()
