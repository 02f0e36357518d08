"""However a node ends, it ceases to act in good order: hold, then release."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

NODE = """
import sys
from robot_bridge import bridge_node

class Node(bridge_node.ManagedNode):
    def __init__(self):
        super().__init__("doomed")
        self.attempts = 0
    def iterate(self, executor):
        if sys.argv[1] == "iterate":
            raise RuntimeError("unforeseen")
        self.trigger_deactivate()
    def deactivate(self):
        self.attempts += 1
        print("hold", self.attempts, self.active, flush=True)
        if sys.argv[1] == "deactivate" and self.attempts == 1:
            raise RuntimeError("unforeseen")
    def cleanup(self):
        print("released", flush=True)

sys.exit(bridge_node.run(Node, ["--ros-args", "-p", "autostart:=true"]))
"""


@pytest.mark.parametrize(
    ("place", "said", "code"),
    [
        ("iterate", ["hold 1 True", "released"], 1),
        ("deactivate", ["hold 1 True", "hold 2 True", "released"], 2),
    ],
)
def test_an_unforeseen_error_holds_and_releases(
    ros_domain: int, place: str, said: list[str], code: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NODE, place], env=os.environ, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == said
    assert "unforeseen" in done.stderr
    assert done.returncode == code
