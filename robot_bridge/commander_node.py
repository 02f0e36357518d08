"""Node that asks a policy for random things, or always the same: targets or velocities.

Parameters: policy (path; its contract says what can be asked), command (what is asked; empty: random
things within the contract's range), interval (s of ROS time between
two new commands), publish_rate (Hz of wall time at which the current one is repeated), seed,
base_frame, stamped_cmd_vel (whether velocities are sent as TwistStamped), use_sim_time.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from rclpy.executors import Executor

from contract.errors import TerrafirmaError
from policies.runtime import Policy
from robot_bridge import bridge_node, ros
from robot_bridge.commander import Commander, parse_command
from robot_bridge.task_messages import TaskPublisher


class CommanderNode(bridge_node.BridgeNode):
    """Repeats the current command, so that a late listener and a command time-out are served."""

    def __init__(self) -> None:
        super().__init__("commander")
        path = ros.setting(self, "policy", "")
        if not path:
            raise TerrafirmaError("parameter policy: give the path of an exported ONNX file.")
        command = Policy(Path(path)).contract.command
        rng = np.random.default_rng(ros.setting(self, "seed", 0))
        fixed = parse_command(ros.setting(self, "command", ""), command)
        self._commander = Commander(command, ros.setting(self, "interval", 3.0), rng, fixed)
        self._period = 1.0 / max(ros.setting(self, "publish_rate", 20.0), 1e-3)
        frame = ros.setting(self, "base_frame", "base_link")
        stamped = ros.setting(self, "stamped_cmd_vel", False)
        self._publisher = TaskPublisher(self, command, frame, stamped)
        self._simulated = ros.is_simulated(self)
        self._last: np.ndarray | None = None
        self._due = 0.0

    def iterate(self, executor: Executor) -> None:
        executor.spin_once(timeout_sec=min(self._period, ros.IDLE))
        now = self.get_clock().now().nanoseconds
        if self._simulated and now == 0:
            return  # no /clock yet
        values = self._commander.current(now * 1e-9)
        if values is not self._last or time.monotonic() >= self._due:
            self._last, self._due = values, time.monotonic() + self._period
            self._publisher.publish(values)


def main(args: list[str] | None = None) -> int:
    """Run the commander; returns its exit code."""
    return bridge_node.run(CommanderNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
