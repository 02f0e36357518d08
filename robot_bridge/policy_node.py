"""Lifecycle node that runs an exported policy: sensors and task command in, set-points out.

Parameters: policy (path), robot_timeout (s to wait for the robot), command_interface
(forward_position or joint_trajectory), command_listeners and tick_listeners (subscribers that
must be there before anything moves: the controller, a recorder), base_frame, exploration_std,
random_fraction, seed, autostart, use_sim_time.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.executors import Executor
from rclpy.subscription import Subscription
from sensor_msgs.msg import Imu, JointState
from std_srvs.srv import Trigger

from contract.errors import ContractError, TerrafirmaError
from contract.record import Contract
from contract.sources import needs_observer
from contract.state import RobotState
from policies.runtime import Policy
from robot_bridge import ros, task_messages
from robot_bridge.deadlines import Deadlines, TimeBase
from robot_bridge.diagnostics import Diagnostics
from robot_bridge.exploration import Exploration
from robot_bridge.joint_commands import CommandPublisher, check_interface
from robot_bridge.messages import JointReader, needs_imu, read_imu, read_object
from robot_bridge.policy_core import PolicyCore
from robot_bridge.sensors import IMU, JOINT_STATES, OBJECT, SensorInput
from robot_bridge.tick import Mode
from robot_bridge.tick_publisher import TickPublisher

STRANGER_CHECK = 0.05  # s


@dataclass
class _Deployed:
    """All that exists between configure and cleanup."""

    policy: Policy
    core: PolicyCore
    sensors: SensorInput
    commands: CommandPublisher
    ticks: TickPublisher
    task: Subscription[Any]
    deadlines: Deadlines


class PolicyNode(ros.ManagedNode):
    """Refuses a robot that its contract does not fit, and is silent until activated."""

    def __init__(self) -> None:
        super().__init__("policy")
        self._path = ros.setting(self, "policy", "")
        self._robot_timeout = ros.setting(self, "robot_timeout", 10.0)
        self._interface = check_interface(ros.setting(self, "command_interface", "forward_position"))
        self._command_listeners = ros.setting(self, "command_listeners", 1)
        self._tick_listeners = ros.setting(self, "tick_listeners", 0)
        self._base_frame = ros.setting(self, "base_frame", "base_link")
        self._frames = (self._base_frame,)  # a tracker that names no frame may mean the world's
        self._exploration_std = ros.setting(self, "exploration_std", 0.0)
        self._random_fraction = ros.setting(self, "random_fraction", 0.0)
        self._seed = ros.setting(self, "seed", 0)
        self._simulated = ros.is_simulated(self)
        self._time = TimeBase(lambda: self.get_clock().now().nanoseconds, self._simulated)
        self._diagnostics = Diagnostics(self)
        self._deployed: _Deployed | None = None
        self._strangers_counted = 0.0  # s, wall time
        self._outputs: list[CommandPublisher | TickPublisher] = []
        self.create_service(Trigger, "~/emergency_stop", self._emergency_stop)
        self.create_service(Trigger, "~/reset_emergency_stop", self._reset_emergency_stop)

    def configure(self) -> None:
        if not self._path:
            raise TerrafirmaError("parameter policy: give the path of an exported ONNX file.")
        policy = Policy(Path(self._path))
        contract = policy.contract
        scale = np.array(contract.action.scale)
        rng = np.random.default_rng(self._seed)
        core = PolicyCore(policy, Exploration(scale, self._exploration_std, self._random_fraction, rng))
        # Publishers come first: a robot may wait for its controller before it says anything.
        commands = CommandPublisher(self, self._interface, contract.joint_names, contract.control_period)
        ticks = TickPublisher(self)
        self._outputs = [commands, ticks]
        self._await_robot(contract)
        self._deployed = _Deployed(
            policy,
            core,
            SensorInput(self, contract, self._seconds, self._frames),
            commands,
            ticks,
            task_messages.subscribe(
                self, contract.command, self._base_frame, lambda values: self._take_command(core, values)
            ),
            Deadlines(contract.control_period),
        )
        self.get_logger().info(
            f"policy {contract.identity.policy!r} {policy.sha256[:12]} at {contract.control_rate:g} Hz, "
            f"golden trace reproduced to {policy.golden_error:.1e} rad"
        )

    def activate(self) -> None:
        assert self._deployed is not None
        self._deployed.core.activate()
        self._deployed.deadlines = Deadlines(self._deployed.policy.contract.control_period)
        gc.collect()
        gc.freeze()  # what lives now lives as long as the node: the collector need not look again

    def deactivate(self) -> None:
        assert self._deployed is not None
        for number, set_point in enumerate(self._deployed.core.deactivate()):
            if number > 0:
                time.sleep(self._deployed.policy.contract.control_period)
            self._deployed.commands.publish(set_point)

    def cleanup(self) -> None:
        for output in self._outputs:
            output.destroy()
        self._outputs = []
        if self._deployed is not None:
            self._deployed.sensors.destroy()
            self.destroy_subscription(self._deployed.task)
            self._deployed = None

    def iterate(self, executor: Executor) -> None:
        deployed = self._deployed
        waiting_for_clock = self._simulated and self.get_clock().now().nanoseconds == 0
        if deployed is None or not self.active or waiting_for_clock:
            executor.spin_once(timeout_sec=ros.IDLE)
        else:
            now = self._time.now()
            remaining = deployed.deadlines.remaining(now)
            if remaining > 0:
                executor.spin_once(timeout_sec=min(remaining, ros.IDLE))
                return
            self._tick(deployed, deployed.deadlines.take(now), now * 1e-9)
        if self._diagnostics.due(self._state()):
            self._report()

    def _tick(self, deployed: _Deployed, number: int, now: float) -> None:
        self._look_for_strangers(deployed)
        deployed.core.blocked = self._missing_listener(deployed)
        tick = deployed.core.tick(number, now, deployed.sensors.sample())
        if tick is not None:
            deployed.commands.publish(tick.set_point)
            deployed.ticks.publish(tick)

    def _look_for_strangers(self, deployed: _Deployed) -> None:
        """Two who command one robot would fight over it: stop, until somebody has seen to it."""
        wall = time.monotonic()
        if wall - self._strangers_counted < STRANGER_CHECK or deployed.core.safety.stopped is not None:
            return
        self._strangers_counted = wall
        if deployed.commands.strangers() > 0:
            deployed.core.safety.emergency_stop("stranger")

    def _missing_listener(self, deployed: _Deployed) -> str | None:
        if deployed.commands.listeners() < self._command_listeners:
            return "no_controller"
        if deployed.ticks.listeners() < self._tick_listeners:
            return "no_recorder"
        return None

    def _seconds(self) -> float:
        return self._time.now() * 1e-9

    def _take_command(self, core: PolicyCore, values: np.ndarray) -> None:
        if not core.command.set(values, self._seconds()):
            self.get_logger().warning(f"task command ignored: {values}", throttle_duration_sec=1.0)

    def _await_robot(self, contract: Contract) -> None:
        """Refuse to go on until the robot has shown that the contract fits it."""
        reader = JointReader(contract)
        self._await(JointState, JOINT_STATES, reader.check)
        state = RobotState(np.zeros(0), np.zeros(0), np.zeros(0))
        if needs_imu(contract):
            self._await(Imu, IMU, lambda message: read_imu(message, state))
        if needs_observer(contract):
            self._await(PoseStamped, OBJECT, lambda message: read_object(message, state, self._frames))

    def _await(self, kind: type[Any], topic: str, check: Callable[[Any], object]) -> None:
        refusal: list[ContractError] = []

        def accept(message: Any) -> bool:
            try:
                check(message)
            except ContractError as error:
                refusal.append(error)
                return False
            return True

        if ros.wait_for_message(self, kind, topic, self._robot_timeout, accept):
            return
        if refusal:
            raise refusal[-1]
        name = self.resolve_topic_name(topic)
        raise TerrafirmaError(f"no message on {name} within {self._robot_timeout:g} s: is the robot there?")

    def _emergency_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._stop_or_reset(response, stop=True)

    def _reset_emergency_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._stop_or_reset(response, stop=False)

    def _stop_or_reset(self, response: Trigger.Response, stop: bool) -> Trigger.Response:
        if self._deployed is None:
            response.success, response.message = False, "not configured: there is nothing to stop"
            return response
        safety = self._deployed.core.safety
        if stop:
            safety.emergency_stop()
        else:
            safety.reset_emergency_stop()
        response.success = True
        response.message = "holding until reset_emergency_stop" if stop else "ramping in when sensors allow"
        return response

    def _state(self) -> str:
        """In a word, what it does and why."""
        if self._deployed is None:
            return "not configured"
        core = self._deployed.core
        return core.mode.name.lower() + (f": {core.hold_cause}" if core.hold_cause else "")

    def _report(self) -> None:
        deployed = self._deployed
        if deployed is None:
            self._diagnostics.publish(Diagnostics.OK, self._state(), {"policy": self._path})
            return
        core = deployed.core
        level = Diagnostics.OK
        if core.mode is Mode.HOLDING:
            level = Diagnostics.ERROR if core.safety.stopped else Diagnostics.WARN
        values = {
            "policy": self._path,
            "policy_sha256": deployed.policy.sha256,
            "missed_ticks": deployed.deadlines.missed,
            "sensor_error": deployed.sensors.error or "",
            **core.safety.counts,
        }
        self._diagnostics.publish(level, self._state(), values)


def main(args: list[str] | None = None) -> int:
    """Run the policy node; returns its exit code."""
    return ros.run(PolicyNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
