"""What a robot says of its joints, and an emulated one of its base, as a pose that can be drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from contract.errors import TerrafirmaError
from sim.rendering import Pose
from sim.robots.spec import RobotSpec

JOINTS, TRUTH = "joint_states", "emulated_robot/truth"


class RecordedPose:
    """The newest pose of one robot; without the truth, its base stands upright where it begins."""

    def __init__(self, robot: RobotSpec) -> None:
        self._robot = robot
        base = np.array([0.0, 0.0, robot.base_height]), np.array([0.0, 0.0, 0.0, 1.0])
        self._pose = Pose(*base, np.zeros(0))

    @property
    def pose(self) -> Pose | None:
        """None before any joint states came."""
        return self._pose if len(self._pose.joint_position) else None

    def take_truth(self, message: Any) -> None:
        """A geometry_msgs/PoseStamped of the base in the world."""
        at, turn = message.pose.position, message.pose.orientation
        self._pose = replace(
            self._pose,
            base_position=np.array([at.x, at.y, at.z]),
            base_orientation=np.array([turn.x, turn.y, turn.z, turn.w]),
        )

    def take_joints(self, message: Any) -> None:
        """A sensor_msgs/JointState, with joints in any order.

        Raises:
            TerrafirmaError: names the joints that it lacks.
        """
        positions = dict(zip(message.name, message.position, strict=False))
        names = [joint.name for joint in self._robot.joints]
        missing = [name for name in names if name not in positions]
        if missing:
            raise TerrafirmaError(
                f"robot {self._robot.name!r} has joints that the joint states lack: {', '.join(missing)}. "
                f"Those have {', '.join(message.name)}."
            )
        self._pose = replace(self._pose, joint_position=np.array([positions[name] for name in names]))
