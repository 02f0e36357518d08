"""A recorded robot that walks as somebody asks it to: any of its four nodes may be killed."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from robot_bridge.bag_reader import Bag
from tests.robot_bridge.faults.bench import POLICY, Bench

NODES = ("policy", "robot", "recorder", "commander")
SAYS = {  # the topics that fall silent with a node
    "policy": ["/policy/tick"],
    "robot": ["/joint_states"],
    "recorder": ["/policy/tick", "/joint_states"],
    "commander": ["/cmd_vel"],
}


class KillBench(Bench):
    """The nodes of the fault matrix, with a commander, and a recorder without which nothing moves."""

    def __init__(self, folder: Path) -> None:
        self.bag = folder / "bag"
        super().__init__(folder)
        self.commanding = False  # the commander does

    def start_policy(self) -> None:
        self.start(
            *("policy", "policy_node", f"policy:={POLICY}", "autostart:=true", "robot_timeout:=60.0"),
            *("command_listeners:=2", "tick_listeners:=2"),  # the bench listens to the ticks too
        )
        self.start("recorder", "recorder_node", f"policy:={POLICY}", f"output:={self.bag}", "autostart:=true")
        self.start("commander", "commander_node", f"policy:={POLICY}", "interval:=1.0", "seed:=1")

    def kill(self, name: str) -> int:
        """SIGKILL; returns when it came, ns since the epoch."""
        self.signal(name, signal.SIGKILL)
        killed = time.time_ns()
        self.processes[name].wait()
        return killed

    def others_alive(self, name: str) -> bool:
        """Whether all but this one still run."""
        return all(process.poll() is None for other, process in self.processes.items() if other != name)

    def end_recorder(self) -> int:
        """SIGTERM; returns its exit code."""
        self.signal("recorder", signal.SIGTERM)
        return self.processes["recorder"].wait(20.0)

    def seconds_lost(self, name: str, killed: int) -> float:
        """How much of what could be heard until `killed` (ns) is not in the bag; of the worst topic."""
        last = dict.fromkeys(SAYS[name], 0)
        for message in Bag(self.bag).messages(SAYS[name]):
            last[message.topic] = message.time
        return max(0.0, max(killed - at for at in last.values()) * 1e-9)
