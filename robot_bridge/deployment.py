"""One policy at work on one robot: everything that exists between configure and cleanup."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rclpy.lifecycle import LifecycleNode

from contract.state import Array
from policies.runtime import Policy
from robot_bridge import ros, task_messages
from robot_bridge.actuation import HOLD, Actuation
from robot_bridge.deadlines import Alignment, Deadlines
from robot_bridge.exploration import Exploration
from robot_bridge.heartbeat import Pulse
from robot_bridge.joint_commands import CommandPublisher
from robot_bridge.policy_core import PolicyCore
from robot_bridge.policy_parameters import PolicyParameters
from robot_bridge.rehearsal import Rehearsal
from robot_bridge.robot_check import await_robot
from robot_bridge.safety import SensorSample
from robot_bridge.sensors import SensorInput
from robot_bridge.tick import Mode
from robot_bridge.tick_publisher import TickPublisher
from robot_bridge.timing import TimingHistogram

STRANGER_CHECK = 0.05  # s
RECORDER = "recorder"  # name of its node


class Deployment:
    """Connects the policy's core to the robot's topics.

    Args:
        now: gives s on the node's clock.

    Raises:
        TerrafirmaError: the policy, the parameters and the robot do not fit together; nothing has
            been sent then, and nothing is left behind.
    """

    def __init__(self, node: LifecycleNode, parameters: PolicyParameters, now: Callable[[], float]) -> None:
        self._node, self._parameters, self._now = node, parameters, now
        self.policy = Policy(Path(parameters.policy))
        contract = parameters.limits.apply(self.policy.contract)
        exploration = Exploration(
            np.array(contract.action.scale),
            parameters.exploration_std,
            parameters.random_fraction,
            np.random.default_rng(parameters.seed),
        )
        self.core = PolicyCore(self.policy, exploration, contract, parameters.swap)
        self.deadlines = Deadlines(contract.control_period)
        self.tick_time = TimingHistogram()  # from a tick's begin until its command is out
        self.answer_time = TimingHistogram()  # from the joints' newest reading until then
        self._period = contract.control_period
        # a simulated clock stands still between its messages: nobody knows what comes when
        simulated = ros.is_simulated(node)
        self._actuation = Actuation(contract, parameters.command_interface, parameters.on_stop)
        self._rehearsal: Rehearsal | None = None
        if parameters.rehearsal and not simulated:
            self._rehearsal = Rehearsal(
                self.core, contract, self._actuation, polls=parameters.realtime_priority == 0
            )
        self._told: Array | None = None  # (n,) rad, the newest set-point since activation
        self._followed: SensorSample | None = None
        self._strangers_counted = 0.0  # s, wall time
        # Publishers come first: a robot may wait for its controller before it says anything.
        self._commands = CommandPublisher(
            node, parameters.command_interface, contract.joint_names, contract.control_period
        )
        self._ticks = TickPublisher(node)
        self._task = task_messages.subscribe(
            node, contract.command, parameters.base_frame, parameters.stamped_cmd_vel, self._take_command
        )
        self._recorder = Pulse(node, RECORDER)
        frames = (parameters.base_frame,)  # a tracker that names no frame may mean the world's
        try:
            sensor_period = await_robot(node, contract, parameters.robot_timeout, frames)
        except BaseException:
            self._give_up_topics()
            raise
        self.sensors = SensorInput(node, contract, now, frames)
        self._alignment = Alignment(0.0 if simulated else sensor_period, contract.control_period)

    def activate(self) -> None:
        """From the next tick on there may be commands."""
        self.core.activate()
        self._look_around()
        self.deadlines = Deadlines(self._period)
        self.tick_time, self.answer_time = TimingHistogram(), TimingHistogram()
        self._told = self._followed = None

    def remaining(self, now: int) -> float:
        """Seconds from `now` (ns) until the next tick is due; a reading may make it sooner."""
        return self._alignment.remaining(self.deadlines.remaining(now), self._age(now))

    def rest(self, now: int) -> float:
        """Seconds from `now` (ns) for which the loop may sleep; rehearses first if it is time to."""
        if self._rehearsal is None:
            return math.inf
        ahead = self.deadlines.remaining(now)
        if self._rehearsal.is_due(self.deadlines.next, ahead):
            self._rehearsal.run(self.deadlines.next, now * 1e-9, self.sensors.read())
            return 0.0
        sleep = self._rehearsal.sleep(ahead)
        if sleep == 0.0:
            self.sensors.read_ahead()
        return sleep

    def tick(self, now: int) -> None:
        """Act at a control deadline, `now` ns."""
        began = time.monotonic_ns()
        age = self._age(now)
        has_reading = self._alignment.has_reading(self.deadlines.remaining(now), age)
        number = self.deadlines.take(now)
        if has_reading:
            self.deadlines.follow(number, now - round(age * 1e9))
        sample = self.sensors.sample()
        tick = self.core.tick(number, now * 1e-9, sample)
        if tick is not None:
            self._told, self._followed = tick.set_point, sample
            self._publish(sample)
            took = time.monotonic_ns() - began
            self._ticks.publish(tick)
            self.tick_time.add(took)
            if has_reading:
                self.answer_time.add(took + round(age * 1e9))
        # what the robot need not wait for is for the next tick
        self._look_around()
        self.core.prepare()

    def follow(self) -> None:
        """Between two ticks: tell a drive that has no position loop how to get to the set-point."""
        if not self._actuation.follows or self._told is None:
            return
        sample = self.sensors.sample()
        if sample is not self._followed:
            # a tick judges its own reading; this one is new
            self._publish(sample if sample is not None and sample.state.is_finite() else None)
            self._followed = sample

    def deactivate(self) -> None:
        """Leave the robot as safe as its controller allows; publishers still work meanwhile."""
        acted = self.core.has_acted
        way = self.core.deactivate()
        if not way:
            return
        if self._actuation.follows or (acted and self._actuation.on_stop != HOLD):
            self._commands.publish(self._actuation.rest(way[-1]))
            return
        for number, set_point in enumerate(way):
            if number > 0:
                time.sleep(self._period)
            self._commands.publish(self._actuation.command(set_point, None, stopped=False))

    def destroy(self) -> None:
        """Give up all topics."""
        self.sensors.destroy()
        self._give_up_topics()

    def _give_up_topics(self) -> None:
        self._node.destroy_subscription(self._task)
        self._recorder.destroy()
        self._commands.destroy()
        self._ticks.destroy()

    def _age(self, now: int) -> float:
        """Seconds since the newest joint states came."""
        return now * 1e-9 - self.sensors.received

    def _publish(self, sample: SensorSample | None) -> None:
        assert self._told is not None
        core = self.core
        state = sample.state if sample is not None and core.safety.distrusted is None else None
        stopped = core.mode is Mode.HOLDING and core.has_acted
        self._commands.publish(self._actuation.command(self._told, state, stopped))

    def _look_around(self) -> None:
        """See who listens, and who else commands the robot."""
        self.core.blocked = self._missing_listener()
        self._look_for_strangers()

    def _look_for_strangers(self) -> None:
        """Two who command one robot would fight over it: stop, until somebody has seen to it."""
        wall = time.monotonic()
        if wall - self._strangers_counted < STRANGER_CHECK or self.core.safety.stopped is not None:
            return
        self._strangers_counted = wall
        if self._commands.strangers() > 0:
            self.core.safety.emergency_stop("stranger")

    def _missing_listener(self) -> str | None:
        needed = self._parameters.tick_listeners
        # first: it may be one of the command's listeners too
        if needed > 0 and (self._ticks.listeners() < needed or self._recorder.is_lost):
            return "no_recorder"
        if self._commands.listeners() < self._parameters.command_listeners:
            return "no_controller"
        return None

    def _take_command(self, values: Array) -> None:
        if not self.core.command.set(values, self._now()):
            self._node.get_logger().warning(f"task command ignored: {values}", throttle_duration_sec=1.0)
