"""What the policy node is held against: a node that answers each reading at once, and thinks of nothing.

`python -m robot_bridge.bench_echo --ros-args -r __ns:=/echo`. The answer begins with the stamp that it
answers.
"""

from __future__ import annotations

from rclpy.executors import Executor
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray

from robot_bridge import bridge_node, ros
from robot_bridge.qos import COMMAND, SENSOR_SUBSCRIBER


class EchoNode(bridge_node.BridgeNode):
    """The same executor, messages and profiles as the policy node's."""

    def __init__(self) -> None:
        super().__init__("echo")
        self._publisher = self.create_publisher(Float64MultiArray, "position_controller/commands", COMMAND)
        self.create_subscription(JointState, "joint_states", self._answer, SENSOR_SUBSCRIBER)
        self.create_subscription(Imu, "imu/data", lambda message: None, SENSOR_SUBSCRIBER)

    def iterate(self, executor: Executor) -> None:
        executor.spin_once(timeout_sec=ros.IDLE)

    def _answer(self, message: JointState) -> None:
        stamp = message.header.stamp
        self._publisher.publish(
            Float64MultiArray(data=[float(stamp.sec), float(stamp.nanosec), *message.position[2:]])
        )


if __name__ == "__main__":
    raise SystemExit(bridge_node.run(EchoNode, None))
