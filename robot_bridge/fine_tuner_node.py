"""Node that mends a policy while it works: it learns beside, and lets only what passes the gate take over.

Parameters: run (directory of the training run that the policy comes from), policy (path of the file that acts
at first), output (folder for what is found and for candidates), policy_node (its name), ticks (so many of the
newest are looked at), interval (s between two looks), steps (of training, for a candidate), shadow (s in
which a candidate is asked and not heard), max_distance (mean, of its actions meanwhile), min_gain (of its
return in simulation), candidate (path; may be set while it runs: a policy of your own for the same gate).

The policy node needs swap.accept. Learning is a process of its own, below all others in priority.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.executors import Executor
from rclpy.parameter import Parameter
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray

from adaptation.recorded_rewards import RecordedRewards
from contract.errors import TerrafirmaError
from contract.state import RobotState
from policies.runtime import Policy
from robot_bridge import bridge_node, ros
from robot_bridge.diagnostics import Diagnostics
from robot_bridge.fine_tuning import FineTuning, FineTuningRules
from robot_bridge.learner_process import LearnerProcess
from robot_bridge.live_motion import LiveMotion
from robot_bridge.messages import needs_imu, stamp_ns
from robot_bridge.policy_client import PolicyClient
from robot_bridge.qos import LOG, SENSOR_SUBSCRIBER
from robot_bridge.sensors import IMU, JOINT_STATES
from robot_bridge.swap_services import CANDIDATE
from robot_bridge.tick import Mode, Tick, decode

PAUSE = 0.01  # s between two looks at what has come
LEAST_TICKS, MOST_TICKS = 50, 2_000


class FineTunerNode(bridge_node.BridgeNode):
    """Listens, learns, and asks the policy node; commands nothing itself."""

    def __init__(self) -> None:
        super().__init__("fine_tuner")
        run, path, out = (ros.setting(self, name, "") for name in ("run", "policy", "output"))
        for name, value in (("run", run), ("policy", path), ("output", out)):
            if not value:
                raise TerrafirmaError(f"parameter {name}: give a path.")
        policy = Policy(Path(path))
        length = ros.setting(self, "ticks", 200, low=LEAST_TICKS, high=MOST_TICKS)
        self._policy = PolicyClient(self, ros.setting(self, "policy_node", "policy"))
        rules = self._read_rules()
        self._rewards = RecordedRewards(policy.contract, path)
        self._scale = np.array(policy.contract.action.scale)
        self._motion = LiveMotion(policy.contract, length)
        self._learner = LearnerProcess(Path(run), Path(out))
        parts = (policy, self._motion, rules, Path(out), self._policy, self._learner)
        self._mind = FineTuning(*parts, note=self._note)
        self._diagnostics = Diagnostics(self)
        self._last: tuple[Tick, np.ndarray] | None = None  # the tick before, and the action before its own
        self._listen(policy)
        self.declare_parameter(CANDIDATE, "", ParameterDescriptor(description="put through the gate"))
        self.add_on_set_parameters_callback(self._consider)

    def _read_rules(self) -> FineTuningRules:
        rules = FineTuningRules
        return FineTuningRules(
            interval=ros.setting(self, "interval", rules.interval, "s between two looks", low=0.0),
            steps=ros.setting(self, "steps", rules.steps, "of training, for a candidate", low=1),
            shadow=ros.setting(self, "shadow", rules.shadow, "s before a candidate acts", low=0.0),
            max_distance=ros.setting(
                self, "max_distance", rules.max_distance, "in shadow", low=0.0, high=2.0
            ),
            min_gain=ros.setting(self, "min_gain", rules.min_gain, "of return in simulation", low=0.0),
        )

    def _listen(self, policy: Policy) -> None:
        sensors = self._motion.sensors
        self.create_subscription(JointState, JOINT_STATES, sensors.add_joints, SENSOR_SUBSCRIBER)
        if needs_imu(policy.contract):
            self.create_subscription(Imu, IMU, self._take_imu, SENSOR_SUBSCRIBER)
        topic = f"{self.get_parameter('policy_node').value}/tick"
        self.create_subscription(Float64MultiArray, topic, self._take_tick, LOG)

    def iterate(self, executor: Executor) -> None:
        executor.spin_once(timeout_sec=PAUSE)
        if self._learner.has_ended:
            raise TerrafirmaError(
                "the process that learns has ended; learner.log in the output folder says why."
            )
        now = time.monotonic()
        for answer in self._learner.answers():
            self._mind.answer(answer, now)
        if self._policy.is_there:
            self._mind.step(now)
        if self._diagnostics.due(self._mind.phase.value):
            self._report()

    def stop(self) -> None:
        self._learner.close()

    def _note(self, text: str) -> None:
        self.get_logger().info(text)

    def _take_imu(self, message: Imu) -> None:
        self._motion.sensors.imus[stamp_ns(message.header.stamp)] = message

    def _take_tick(self, message: Float64MultiArray) -> None:
        try:
            tick = decode(message)
        except TerrafirmaError as error:  # somebody else's
            self.get_logger().warning(str(error), throttle_duration_sec=1.0)
            return
        state = self._motion.add(tick)
        if state is not None:
            self._mind.see(tick, self._earned(tick, state))

    def _earned(self, tick: Tick, state: RobotState) -> float | None:
        """The reward that came of the tick before, if this one follows on it under the same command."""
        last, action = self._last, tick.action / self._scale
        follows = (
            last is not None
            and tick.number == last[0].number + 1
            and np.array_equal(tick.command, last[0].command)
        )
        self._last = tick, action if last is None else last[0].action / self._scale
        if last is None or not follows or tick.mode is not Mode.RUNNING:
            return None
        before, previous = last
        return self._rewards.reward(state, before.command, before.action / self._scale, previous)

    def _consider(self, parameters: Sequence[Parameter[Any]]) -> SetParametersResult:
        try:
            for each in parameters:
                if each.name == CANDIDATE and each.value:
                    self._mind.consider(Path(str(each.value)))
        except TerrafirmaError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _report(self) -> None:
        mind = self._mind
        level = Diagnostics.OK if self._policy.is_there else Diagnostics.WARN
        waiting = "" if self._policy.is_there else ": no policy node that accepts a successor"
        strengths = {f"strength {name}": f"{value:.3f}" for name, value in mind.strengths.items()}
        values = {"candidates": mind.number, "outcome": mind.outcome, **strengths}
        self._diagnostics.publish(level, mind.phase.value + waiting, values)


def main(args: list[str] | None = None) -> int:
    """Run the fine-tuner; returns its exit code."""
    return bridge_node.run(FineTunerNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
