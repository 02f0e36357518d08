"""Which topics a recorder writes, and of which type they are."""

from __future__ import annotations

import importlib
from typing import Any

from contract.errors import TerrafirmaError
from robot_bridge.joint_commands import TOPICS as COMMAND_TOPICS
from robot_bridge.joint_commands import TYPES as COMMAND_TYPES

DEFAULT_TOPICS = [
    "joint_states sensor_msgs/msg/JointState",
    "imu/data sensor_msgs/msg/Imu",
    "object_pose geometry_msgs/msg/PoseStamped",
    *(f"{topic} {COMMAND_TYPES[interface]}" for interface, topic in COMMAND_TOPICS.items()),
    "target geometry_msgs/msg/PointStamped",
    "cmd_vel geometry_msgs/msg/Twist",
    "emulated_robot/truth geometry_msgs/msg/PoseStamped",
    "/diagnostics diagnostic_msgs/msg/DiagnosticArray",
]


def message_type(type_name: str, topic: str) -> type[Any]:
    """The class of messages such as "sensor_msgs/msg/Imu" on `topic`.

    Raises:
        TerrafirmaError: it is not installed here.
    """
    package, _, message = type_name.replace("/msg/", "/").partition("/")
    try:
        kind: type[Any] = getattr(importlib.import_module(f"{package}.msg"), message)
    except (ImportError, AttributeError, ValueError) as error:
        raise TerrafirmaError(
            f"parameter topics: {topic} has type {type_name!r}, which is not installed here; "
            'each entry is "name package/msg/Type".'
        ) from error
    return kind
