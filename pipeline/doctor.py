"""What is installed here, and what each part is needed for."""

from __future__ import annotations

import importlib.util
import sys

from rich.console import Console
from rich.table import Table

from sim.engines.c_library import compiler

PARTS = (
    ("onnxruntime", "run policies", True),
    ("mcap", "record and read bags", True),
    ("rclpy", "talk to robots (extra 'ros', or a sourced ROS 2)", False),
    ("launch_ros", "ROS's own `ros2 launch`; `terrafirma launch` works without it", False),
    ("pybullet", "train and evaluate (extra 'train')", False),
    ("mujoco", "emulate robots (extra 'train')", False),
    ("torch", "train and adapt (extra 'train')", False),
    ("stable_baselines3", "train and adapt (extra 'train')", False),
    ("sb3_contrib", "train recurrent policies (extra 'train')", False),
)
COMPILER = "C compiler", "take PyBullet's steps in C, faster: sudo apt install gcc libc6-dev"


def examine() -> int:
    """Print the table; 0 if what every command needs is there."""
    table = Table("part", "here", "needed to")
    complete = True
    for module, purpose, required in PARTS:
        found = importlib.util.find_spec(module) is not None
        complete &= found or not required
        table.add_row(module, "yes" if found else "[bold]no[/bold]", purpose)
    table.add_row(COMPILER[0], "yes" if compiler() else "[bold]no[/bold]", COMPILER[1])
    console = Console()
    console.print(f"Python {sys.version.split()[0]} at {sys.executable}")
    console.print(table)
    return 0 if complete else 1
