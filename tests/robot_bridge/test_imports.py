"""A robot needs neither a simulator nor a training framework."""

from __future__ import annotations

import subprocess
import sys

import pytest

ABSENT = (
    "torch",
    "pybullet",
    "pybullet_data",
    "mujoco",
    "sim",
    "adaptation",
    "pipeline",
    "stable_baselines3",
    "sb3_contrib",
)


@pytest.mark.parametrize(
    "module", ["policy_node", "recorder_node", "commander_node", "launch_runner", "transitions", "bag_reader"]
)
def test_imports_without_them(module: str) -> None:
    block = f"import sys; sys.modules.update(dict.fromkeys({ABSENT!r}))"
    subprocess.run([sys.executable, "-c", f"{block}; import robot_bridge.{module}"], check=True)


@pytest.mark.parametrize("module", ["launch_runner", "transitions", "policy_core", "emulator_core", "bag"])
def test_cores_import_without_ros(module: str) -> None:
    block = "import sys; sys.modules.update(dict.fromkeys(['rclpy', 'sensor_msgs', 'std_msgs']))"
    subprocess.run([sys.executable, "-c", f"{block}; import robot_bridge.{module}"], check=True)
