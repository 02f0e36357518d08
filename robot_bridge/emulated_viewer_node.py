"""Node that shows a robot in a browser: pictures of its joint states, drawn here, without a display.

Parameters: robot (name, or robot file), port (of the page on this computer; 0: any that is free), frame_rate
(pictures a second, while somebody looks). It only listens. The page is for this computer alone; from
elsewhere, `ssh -L 8080:localhost:8080 computer`.
"""

from __future__ import annotations

import time

from geometry_msgs.msg import PoseStamped
from rclpy.executors import Executor
from sensor_msgs.msg import JointState

from contract.errors import TerrafirmaError
from robot_bridge import bridge_node, ros
from robot_bridge.emulated_pose import JOINTS, TRUTH, RecordedPose
from robot_bridge.picture_server import PictureServer
from robot_bridge.qos import SENSOR_SUBSCRIBER
from sim.rendering import Renderer, jpeg
from sim.robots import load_robot

WIDTH, HEIGHT = 480, 360  # pixels


class ViewerNode(bridge_node.BridgeNode):
    """Draws the newest pose when it is time for the next picture, and somebody waits for it."""

    def __init__(self) -> None:
        super().__init__("viewer")
        robot = ros.setting(self, "robot", "")
        if not robot:
            raise TerrafirmaError("parameter robot: give the name of a robot, or a robot file.")
        port = ros.setting(self, "port", 8080, low=0, high=65535)
        self._period = 1.0 / ros.setting(self, "frame_rate", 10.0, low=0.1, high=50.0)
        spec = load_robot(robot)
        self._recorded = RecordedPose(spec)
        self._renderer = Renderer(spec, WIDTH, HEIGHT)
        self.create_subscription(JointState, JOINTS, self._take_joints, SENSOR_SUBSCRIBER)
        self.create_subscription(PoseStamped, TRUTH, self._recorded.take_truth, SENSOR_SUBSCRIBER)
        self._server = PictureServer(port, spec.name)
        self._due = 0.0
        self.get_logger().info(f"look at http://localhost:{self._server.port}")

    def iterate(self, executor: Executor) -> None:
        executor.spin_once(timeout_sec=min(self._period, ros.IDLE))
        now, pose = time.monotonic(), self._recorded.pose
        if now >= self._due and pose is not None and self._server.is_watched:
            self._due = now + self._period
            self._server.show(jpeg(self._renderer.frame(pose)))

    def stop(self) -> None:
        self._server.close()
        self._renderer.close()

    def _take_joints(self, message: JointState) -> None:
        try:
            self._recorded.take_joints(message)
        except TerrafirmaError as error:  # another device's
            self.get_logger().warning(str(error), throttle_duration_sec=5.0)


def main(args: list[str] | None = None) -> int:
    """Run the viewer; returns its exit code."""
    return bridge_node.run(ViewerNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
