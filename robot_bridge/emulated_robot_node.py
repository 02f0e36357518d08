"""Lifecycle node that is a robot to everyone else: a simulated one in a domain, in real time.

Parameters: robot (name), task (name, for what stands around the robot; empty: nothing), domain (file or name
of a shipped one), rate (multiple of real time), sensor_rate (Hz of simulated time), lockstep (Hz of the
controller to wait for; 0: nobody), seed, command_interface, publish_clock, await_controller (stand still in
time until somebody can send commands), command_timeout (simulated s without a set-point after which a robot
that can fall goes to its default pose; 0: never, as forward_command_controller), faults (what is wrong with
it, as `robot_bridge.emulated_faults` reads it; may be set while it runs), autostart. At a rate other than 1,
or in lock-step, the clock is always published.
"""

from __future__ import annotations

import time

import numpy as np
from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import Executor
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from contract.errors import TerrafirmaError
from robot_bridge import bridge_node, joint_commands, ros
from robot_bridge.actuation import check_interface
from robot_bridge.diagnostics import Diagnostics
from robot_bridge.emulated_description import description_text
from robot_bridge.emulated_faults import Faults, parse_faults
from robot_bridge.emulator_core import EmulatorCore
from robot_bridge.policy_core import STAND
from robot_bridge.robot_publisher import RobotPublisher
from robot_bridge.watchdog import Watchdog
from sim.domains.reader import load_domain
from sim.robots import load_robot
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot
from sim.tasks import make_task


class EmulatedRobotNode(bridge_node.ManagedNode):
    """Publishes joint states, an IMU where the base floats, an object's pose; obeys joint commands."""

    def __init__(self) -> None:
        super().__init__("emulated_robot")
        self._robot_name = ros.setting(self, "robot", "iiwa")
        self._task_name = ros.setting(self, "task", "")
        self._domain_name = ros.setting(self, "domain", "nominal-mujoco")
        self._rate = ros.setting(self, "rate", 1.0)
        self._sensor_rate = ros.setting(self, "sensor_rate", 200.0)
        self._lockstep = ros.setting(self, "lockstep", 0.0)
        self._seed = ros.setting(self, "seed", 0)
        self._interface = ros.setting(self, "command_interface", "forward_position")
        self._with_clock = (
            ros.setting(self, "publish_clock", False) or self._rate != 1.0 or self._lockstep > 0
        )
        self._await_controller = ros.setting(self, "await_controller", False)
        self._command_timeout = ros.setting(self, "command_timeout", 0.0)
        self._fault_text = ros.setting(self, "faults", "", read_only=False)
        self._diagnostics = Diagnostics(self)
        self._core: EmulatorCore | None = None
        self._robot: SimulatedRobot | None = None
        self.add_on_set_parameters_callback(self._set)
        self.create_service(Trigger, "~/reset", self._reset)

    def configure(self) -> None:
        check_interface(self._interface)
        spec = load_robot(self._robot_name)
        scene = make_task(self._task_name, spec).scene if self._task_name else None
        self._robot = SimulatedRobot(spec, load_domain(self._domain_name), self._seed, scene)
        self._core = core = EmulatorCore(
            self._robot,
            *(spec.time_step, self._sensor_rate, self._rate, self._lockstep),
            watchdog=self._make_watchdog(spec),
        )
        names = tuple(joint.name for joint in spec.joints)
        self._publisher = RobotPublisher(
            *(self, names, spec.floating_base, scene is not None, self._with_clock),
            description=description_text(spec),
        )
        self._commands = joint_commands.subscribe(self, self._interface, names, core.command)
        self._fail(self._parse(self._fault_text))

    def _make_watchdog(self, spec: RobotSpec) -> Watchdog | None:
        if self._command_timeout <= 0.0:
            return None
        default = np.array([joint.default_position for joint in spec.joints])
        return Watchdog(self._command_timeout, default if spec.floating_base else None, STAND)

    def activate(self) -> None:
        assert self._core is not None
        self._epoch: int | None = None  # ns of wall time at which simulated time began

    def cleanup(self) -> None:
        if self._core is None or self._robot is None:
            return
        self._publisher.destroy()
        self.destroy_subscription(self._commands)
        self._robot.close()
        self._core = self._robot = None

    def iterate(self, executor: Executor) -> None:
        core = self._core
        if core is None or not self.active or self._waits_for_controller():
            executor.spin_once(timeout_sec=ros.IDLE)
            return
        remaining = core.remaining(time.monotonic_ns())
        if remaining > 0:
            executor.spin_once(timeout_sec=min(remaining, ros.IDLE))
            return
        state = core.advance(time.monotonic_ns())
        state.stamp = self._stamp(core, state.stamp)
        self._publisher.publish(state, core.time)
        if self._robot is not None:
            position, orientation, _ = self._robot.pose()
            self._publisher.publish_truth(position, orientation, self._stamp(core, core.time))
        if self._diagnostics.due():
            self._diagnostics.publish(
                Diagnostics.WARN if core.lag or self._fault_text else Diagnostics.OK,
                f"{self._robot_name} in {self._domain_name} at {self._rate:g} x real time",
                {
                    "simulated_seconds": core.time * 1e-9,
                    "lagged_sensor_periods": core.lag,
                    "faults": self._fault_text,
                },
            )

    def _stamp(self, core: EmulatorCore, simulated: int) -> int:
        """What stands on the wire for a simulated time; ns both.

        Without /clock it has to make sense beside everyone else's wall time.
        """
        if self._with_clock:
            return simulated
        if self._epoch is None:
            self._epoch = time.time_ns() - core.time - core.lost(core.time)
        return self._epoch + simulated + core.lost(simulated)

    def _waits_for_controller(self) -> bool:
        if self._await_controller:
            self._await_controller = ros.publisher_count(self, self._commands) == 0
        return self._await_controller

    def _parse(self, text: str) -> Faults:
        spec = load_robot(self._robot_name)
        return parse_faults(text, spec, load_domain(self._domain_name).engine)

    def _fail(self, faults: Faults) -> None:
        """Let these faults begin, and all others end."""
        if self._robot is not None:
            self._robot.impair(faults.settings)
            self._publisher.faults = faults

    def _set(self, parameters: list[Parameter[str]]) -> SetParametersResult:
        """Take new faults while running; all other parameters are read at start and at configure."""
        for parameter in parameters:
            if parameter.name != "faults":
                return SetParametersResult(successful=False, reason=f"{parameter.name} is read at the start")
            try:
                faults = self._parse(str(parameter.value))
            except TerrafirmaError as error:
                return SetParametersResult(successful=False, reason=str(error))
            self._fault_text = str(parameter.value)
            self._fail(faults)
        return SetParametersResult(successful=True)

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._core is not None
        if self._core is not None:
            self._core.reset()
        response.message = "back in the default pose" if response.success else "not configured"
        return response


def main(args: list[str] | None = None) -> int:
    """Run the emulated robot; returns its exit code."""
    return bridge_node.run(EmulatedRobotNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
