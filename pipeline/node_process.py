"""Become a node of the bridge."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping


def become_node(module: str, parameters: Mapping[str, str]) -> int:
    """Replace this process with a node, in the environment that ROS 2 needs; parameters may be empty."""
    from robot_bridge.environment import node_environment

    command = [sys.executable, "-m", f"robot_bridge.{module}", "--ros-args"]
    for name, value in parameters.items():
        if value:
            command += ["-p", f"{name}:={value}"]
    os.execve(sys.executable, command, node_environment(os.environ))  # noqa: S606, no shell is wanted
