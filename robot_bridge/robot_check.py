"""Before anything moves: whether the robot that answers is the one that the contract was made for."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import String

from contract.errors import TerrafirmaError
from contract.record import Contract
from contract.sources import needs_observer
from contract.state import RobotState
from robot_bridge import ros
from robot_bridge.messages import JointReader, needs_imu, read_imu, read_object, stamp_ns
from robot_bridge.qos import DESCRIPTION
from robot_bridge.robot_description import check_description
from robot_bridge.sensors import IMU, JOINT_STATES, OBJECT

DESCRIPTION_TOPIC = "robot_description"
READINGS = 10  # of which the rate is taken
SLOWEST = 0.9  # of the control rate: slower sensors would make the policy act on the same reading twice


def await_robot(node: Node, contract: Contract, timeout: float, frames: tuple[str, ...]) -> float:
    """Wait for every sensor that the contract needs, and refuse what does not fit.

    Args:
        timeout: s for each of them.
        frames: that an object's pose may be in.

    Returns:
        Seconds between two messages of joint states, by the robot's clock; it need not run as ours does.

    Raises:
        TerrafirmaError: a sensor is silent or slower than control, lacks a joint or a quantity; or
            the robot publishes a description that the contract does not keep to.
    """
    reader = JointReader(contract)
    stamps: list[int] = []

    def take_joints(message: JointState) -> bool:
        reader.check(message)
        if not stamps or stamp_ns(message.header.stamp) > stamps[-1]:
            stamps.append(stamp_ns(message.header.stamp))
        return len(stamps) >= READINGS

    ros.wait_for_message(node, JointState, JOINT_STATES, timeout, take_joints)
    period = _check_period(contract, stamps)
    state = RobotState(np.zeros(0), np.zeros(0), np.zeros(0))

    def take_imu(message: Imu) -> bool:
        read_imu(message, state)
        return True

    def take_object(message: PoseStamped) -> bool:
        read_object(message, state, frames)
        return True

    if needs_imu(contract):
        ros.wait_for_message(node, Imu, IMU, timeout, take_imu)
    if needs_observer(contract):
        ros.wait_for_message(node, PoseStamped, OBJECT, timeout, take_object)
    _check_description(node, contract, timeout)
    return period


def _check_period(contract: Contract, stamps: list[int]) -> float:
    period = float(np.percentile(np.diff(stamps), 25)) * 1e-9  # not the mean: readings may have been lost
    if 1.0 / period < SLOWEST * contract.control_rate:
        raise TerrafirmaError(
            f"joint_states come at {1.0 / period:.0f} Hz, and the policy acts at {contract.control_rate:g} "
            "Hz: sensors have to be as fast as control, better twice as fast."
        )
    return period


def _check_description(node: Node, contract: Contract, timeout: float) -> None:
    if node.count_publishers(DESCRIPTION_TOPIC) == 0:
        node.get_logger().info("no robot_description: the contract's limits are not compared with a URDF")
        return

    def take(message: String) -> bool:
        check_description(contract, message.data)
        return True

    ros.wait_for_message(node, String, DESCRIPTION_TOPIC, timeout, take, DESCRIPTION)
