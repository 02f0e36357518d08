"""Lifecycle node that is a robot to everyone else: a simulated one in a domain, in real time.

Parameters: robot (name), task (name, for what stands around the robot; empty: nothing), domain (file
or name of a shipped one), rate (multiple of real time),
sensor_rate (Hz of simulated time), lockstep (Hz of the controller to wait for; 0: nobody), seed,
command_interface, publish_clock, await_controller (stand still in time until somebody can send
commands), autostart. At a rate other than 1, or in lock-step, the clock is always published.
"""

from __future__ import annotations

import time

import numpy as np
from geometry_msgs.msg import PoseStamped, Vector3
from rclpy.executors import Executor
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState
from std_srvs.srv import Trigger

from contract.state import RobotState
from robot_bridge import joint_commands, ros
from robot_bridge.diagnostics import Diagnostics
from robot_bridge.emulator_core import EmulatorCore
from robot_bridge.messages import float_array
from robot_bridge.qos import CLOCK, SENSOR_PUBLISHER
from robot_bridge.sensors import IMU, JOINT_STATES, OBJECT
from sim.domains.reader import load_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot
from sim.tasks import make_task


class EmulatedRobotNode(ros.ManagedNode):
    """Publishes joint states, an IMU where the base floats, an object's pose; obeys position commands."""

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
        self._diagnostics = Diagnostics(self)
        self._core: EmulatorCore | None = None
        self._robot: SimulatedRobot | None = None
        self.create_service(Trigger, "~/reset", self._reset)

    def configure(self) -> None:
        joint_commands.check_interface(self._interface)
        spec = load_robot(self._robot_name)
        scene = make_task(self._task_name, spec).scene if self._task_name else None
        self._robot = SimulatedRobot(spec, load_domain(self._domain_name), self._seed, scene)
        self._core = core = EmulatorCore(
            self._robot, spec.time_step, self._sensor_rate, self._rate, self._lockstep
        )
        names = [joint.name for joint in spec.joints]
        self._joint_message = JointState(name=names)
        self._joint_message.header.frame_id = "base_link"
        self._imu_message = Imu() if spec.floating_base else None
        self._joint_publisher = self.create_lifecycle_publisher(JointState, JOINT_STATES, SENSOR_PUBLISHER)
        self._imu_publisher = self.create_lifecycle_publisher(Imu, IMU, SENSOR_PUBLISHER)
        self._object_message = PoseStamped() if scene else None
        self._object_publisher = self.create_lifecycle_publisher(PoseStamped, OBJECT, SENSOR_PUBLISHER)
        self._clock_publisher = self.create_lifecycle_publisher(Clock, "/clock", CLOCK)
        self._commands = joint_commands.subscribe(self, self._interface, names, core.command)
        if self._imu_message is not None:
            self._imu_message.header.frame_id = "imu_link"

    def activate(self) -> None:
        assert self._core is not None
        # Without /clock the stamps have to make sense beside everyone else's wall time.
        self._epoch = 0 if self._with_clock else time.time_ns() - self._core.time

    def cleanup(self) -> None:
        if self._core is None or self._robot is None:
            return
        for sensor in (self._joint_publisher, self._imu_publisher, self._object_publisher):
            self.destroy_lifecycle_publisher(sensor)
        self.destroy_lifecycle_publisher(self._clock_publisher)
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
        self._publish(core.advance(time.monotonic_ns()))
        if self._diagnostics.due():
            self._diagnostics.publish(
                Diagnostics.WARN if core.lag else Diagnostics.OK,
                f"{self._robot_name} in {self._domain_name} at {self._rate:g} x real time",
                {"simulated_seconds": core.time * 1e-9, "lagged_sensor_periods": core.lag},
            )

    def _waits_for_controller(self) -> bool:
        if self._await_controller:
            self._await_controller = ros.publisher_count(self, self._commands) == 0
        return self._await_controller

    def _publish(self, state: RobotState) -> None:
        seconds, nanoseconds = divmod(state.stamp + self._epoch, 1_000_000_000)
        joints = self._joint_message
        joints.header.stamp.sec, joints.header.stamp.nanosec = seconds, nanoseconds
        joints.position = float_array(state.joint_position)
        joints.velocity = float_array(state.joint_velocity)
        joints.effort = float_array(state.joint_effort)
        if self._imu_message is not None:
            self._fill_imu(self._imu_message, state)
            self._imu_message.header.stamp = joints.header.stamp
            self._imu_publisher.publish(self._imu_message)
        if self._object_message is not None and state.object_position is not None:
            self._object_message.header = joints.header
            place = self._object_message.pose.position
            place.x, place.y, place.z = (float(value) for value in state.object_position)
            self._object_publisher.publish(self._object_message)
        self._joint_publisher.publish(joints)
        if self._with_clock:
            clock = Clock()
            clock.clock.sec, clock.clock.nanosec = seconds, nanoseconds
            self._clock_publisher.publish(clock)

    def _fill_imu(self, imu: Imu, state: RobotState) -> None:
        x, y, z, w = (float(value) for value in state.orientation)
        imu.orientation.x, imu.orientation.y, imu.orientation.z, imu.orientation.w = x, y, z, w
        imu.angular_velocity = _vector(state.gyro)
        imu.linear_acceleration = _vector(state.accelerometer)

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._core is not None
        if self._core is not None:
            self._core.reset()
        response.message = "back in the default pose" if response.success else "not configured"
        return response


def _vector(values: np.ndarray) -> Vector3:
    return Vector3(x=float(values[0]), y=float(values[1]), z=float(values[2]))


def main(args: list[str] | None = None) -> int:
    """Run the emulated robot; returns its exit code."""
    return ros.run(EmulatedRobotNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
