"""Set-points played by an emulated robot over ROS 2, and recorded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from adaptation.identification.excitation_policy import write_excitation
from contract.errors import TerrafirmaError
from contract.state import Array
from pipeline.places import launch_file
from robot_bridge.environment import own_domain
from robot_bridge.launch_runner import run_launch_file
from sim.robots import load_robot

SPEED = 10.0  # simulated seconds per wall second, at most: the robot waits for its policy


def record_motion(
    robot: str, set_points: Array, rate: float, domain: Path, folder: Path, name: str, seed: int
) -> Path:
    """The bag `folder`/`name` of a robot in `domain` that is told set-points (N, n) rad at `rate` Hz.

    Raises:
        TerrafirmaError: the launch has failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    policy, bag = folder / f"{name}.onnx", folder / name
    write_excitation(load_robot(robot), set_points, rate, policy)
    shutil.rmtree(bag, ignore_errors=True)  # what an interruption left
    arguments = {
        "policy": str(policy),
        "robot": robot,
        "domain": str(domain),
        "output": str(bag),
        "commander": "false",
        "lockstep": str(rate),
        "sensor_rate": str(rate),
        "rate": str(SPEED),
        "max_ticks": str(len(set_points)),
        "seed": str(seed),
    }
    code = run_launch_file(launch_file("emulated"), arguments, own_domain(os.environ, os.getpid()))
    if code:
        raise TerrafirmaError(f"the launch that records {bag} failed with code {code}; see above.")
    return bag
