"""Joint commands on the topics that ros2_control's controllers listen to, one for each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from contract.state import Array, JointCommand
from robot_bridge.actuation import check_interface
from robot_bridge.array_message import ArrayMessage
from robot_bridge.messages import float_array
from robot_bridge.qos import COMMAND

TOPICS = {
    "forward_position": "position_controller/commands",
    "forward_velocity": "velocity_controller/commands",
    "forward_effort": "effort_controller/commands",
    "joint_pd": "joint_pd_controller/commands",
    "joint_trajectory": "joint_trajectory_controller/joint_trajectory",
}
TYPES = dict.fromkeys(TOPICS, "std_msgs/msg/Float64MultiArray") | {
    "joint_trajectory": "trajectory_msgs/msg/JointTrajectory"
}
PD_ROWS = ("position", "velocity", "effort", "kp", "kd")  # of joint_pd, each with a value for every joint


class CommandPublisher:
    """Publishes joint commands while its lifecycle node is active.

    `forward_*`: a forward_command_controller, whose `joints` must be in contract order.
    `joint_pd`: PD_ROWS, one after the other, with joints in contract order.
    `joint_trajectory`: joint_trajectory_controller, one point a control period ahead.
    """

    def __init__(self, node: LifecycleNode, interface: str, joints: Sequence[str], period: float) -> None:
        self._node, self._interface = node, check_interface(interface)
        kind: type[Any] = Float64MultiArray
        n = len(joints)
        self._array = ArrayMessage([], n)
        self._trajectory: JointTrajectory | None = None
        if interface == "joint_trajectory":
            kind = JointTrajectory
            self._point = JointTrajectoryPoint()
            seconds, self._point.time_from_start.nanosec = divmod(round(period * 1e9), 1_000_000_000)
            self._point.time_from_start.sec = seconds
            self._trajectory = JointTrajectory(joint_names=list(joints), points=[self._point])
        elif interface == "joint_pd":
            rows = len(PD_ROWS)
            self._array = ArrayMessage([(",".join(PD_ROWS), rows, rows * n), ("joint", n, n)], rows * n)
        self._publisher = node.create_lifecycle_publisher(kind, TOPICS[interface], COMMAND)

    def publish(self, command: JointCommand) -> None:
        """Send a command (n joints, contract order)."""
        if self._trajectory is not None:
            self._point.positions = float_array(pack(self._interface, command))
            self._publisher.publish(self._trajectory)
        else:
            self._publisher.publish(self._array.serialized(pack(self._interface, command)))

    def listeners(self) -> int:
        """How many subscribers the commands reach."""
        return int(self._publisher.get_subscription_count())

    def strangers(self) -> int:
        """How many others publish commands on this topic."""
        return int(self._node.count_publishers(self._publisher.topic_name)) - 1

    def destroy(self) -> None:
        self._node.destroy_lifecycle_publisher(self._publisher)


def pack(interface: str, command: JointCommand) -> Array:
    """The numbers of `command` that an interface carries, in the order of the wire."""
    if interface == "joint_pd":
        assert command.kp is not None
        assert command.kd is not None
        return np.concatenate([command.position, command.velocity, command.effort, command.kp, command.kd])
    if interface == "forward_velocity":
        return command.velocity
    return command.effort if interface == "forward_effort" else command.position


def unpack(interface: str, values: Array) -> JointCommand:
    """The command that the numbers on the wire mean to a drive of this kind."""
    zero = np.zeros_like(values)
    if interface == "forward_velocity":
        return JointCommand(zero, values, zero, kp=zero)
    if interface == "forward_effort":
        return JointCommand(zero, zero, values, kp=zero, kd=zero)
    if interface == "joint_pd":
        return JointCommand(*np.split(values, len(PD_ROWS)))
    return JointCommand.hold(values)


def subscribe(
    node: Node, interface: str, joints: Sequence[str], take: Callable[[JointCommand], object]
) -> Any:
    """Call `take` with commands in the order of `joints`; warn about any that do not fit."""
    expected = len(joints) * (len(PD_ROWS) if interface == "joint_pd" else 1)

    def deliver(values: Array) -> None:
        if values.shape == (expected,) and np.isfinite(values).all():
            take(unpack(interface, values))
            return
        node.get_logger().warning(
            f"command ignored: {values.size} values, needed {expected} finite ones", throttle_duration_sec=1.0
        )

    def forward(message: Float64MultiArray) -> None:
        deliver(np.array(message.data, dtype=np.float64))

    def trajectory(message: JointTrajectory) -> None:
        names = list(message.joint_names)
        if not message.points or sorted(names) != sorted(joints):
            node.get_logger().warning(
                f"trajectory ignored: it is for {names}, not {list(joints)}", throttle_duration_sec=1.0
            )
            return
        positions = np.array(message.points[-1].positions, dtype=np.float64)
        if positions.size == len(names):
            positions = positions[[names.index(joint) for joint in joints]]
        deliver(positions)

    if check_interface(interface) == "joint_trajectory":
        return node.create_subscription(JointTrajectory, TOPICS[interface], trajectory, COMMAND)
    return node.create_subscription(Float64MultiArray, TOPICS[interface], forward, COMMAND)
