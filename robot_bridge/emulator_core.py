"""A simulated robot driven by wall time, as a real one would be."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from contract.errors import TerrafirmaError
from contract.state import Array, JointCommand, RobotState
from robot_bridge.watchdog import Watchdog

MAX_CATCH_UP = 2  # sensor periods simulated in one go; beyond that, simulated time falls behind
SLIPS = 100  # times at which it fell behind that are remembered: no reading is older than that
PATIENCE = 250_000_000  # wall ns for which a lock-stepped robot waits for its controller


class Robot(Protocol):
    """What the emulator needs of `sim.simulated_robot.SimulatedRobot`."""

    @property
    def time(self) -> float: ...
    def reset(self) -> None: ...
    def command(self, command: JointCommand) -> None: ...
    def step(self, steps: int) -> None: ...
    def sense(self) -> RobotState: ...


class EmulatorCore:
    """Advances the physics at `rate` times real time, a sensor period at a time.

    The robot holds its default pose until the first command; afterwards its controller keeps the newest
    one, whether or not more come, unless it has a `watchdog`. A set-point that arrives within a
    sensor period acts from the end of the last simulated one.

    In lock-step, simulated time never runs further than one control period beyond the newest
    command, so a busy computer makes the robot slower instead of its controller late. A
    controller that stays silent for `PATIENCE` is no longer waited for until it speaks again.

    Args:
        time_step: s of one physics step.
        sensor_rate: Hz of simulated time; rounded so that a period is a whole number of steps.
        rate: simulated seconds per wall second; in lock-step, at most.
        lockstep: Hz of the controller that is waited for; 0 waits for nobody.
        watchdog: notices a controller that has fallen silent; None: nothing does.

    Raises:
        TerrafirmaError: a rate is not positive, or sensors are faster than the physics.
    """

    def __init__(
        self,
        robot: Robot,
        time_step: float,
        sensor_rate: float,
        rate: float,
        lockstep: float = 0.0,
        watchdog: Watchdog | None = None,
    ) -> None:
        if not lockstep >= 0:
            raise TerrafirmaError(f"lockstep: {lockstep} Hz must be the control rate, or 0.")
        if not rate > 0:
            raise TerrafirmaError(f"rate: {rate} must be a positive multiple of real time.")
        if not 0 < sensor_rate <= 1.0 / time_step:
            raise TerrafirmaError(f"sensor_rate: {sensor_rate} Hz is not within (0, {1.0 / time_step:g}].")
        self._robot, self._watchdog = robot, watchdog
        self._steps = round(1.0 / (sensor_rate * time_step))
        self.period_ns = round(self._steps * time_step * 1e9)  # simulated, between two readings
        self._wall_period = self.period_ns / rate
        self._due: float | None = None
        self._control_ns = round(1e9 / lockstep) if lockstep else None
        self._commanded: int | None = None  # simulated ns of the newest command; None: nobody controls
        self.time = 0  # simulated ns since the start
        self.lag = 0  # sensor periods by which the simulation fell behind wall time
        self._slips: deque[tuple[int, int]] = deque(maxlen=SLIPS)  # simulated ns, wall ns lost until then
        self._measured: Array | None = None  # (n,) rad, the newest reading
        robot.reset()

    def reset(self) -> None:
        """Put the robot back to its default pose; simulated time goes on."""
        self._robot.reset()

    def command(self, command: JointCommand) -> bool:
        """Take a new command; returns False and ignores it if it is not finite."""
        if not command.is_finite():
            return False
        self._commanded = self.time
        # a drive that is not told positions goes to its safe pose from where it is
        pose = command.position if command.kp is None else self._measured
        if self._watchdog is not None and pose is not None:
            self._watchdog.feed(self.time, pose)
        self._robot.command(command)
        return True

    def remaining(self, now: int) -> float:
        """Wall seconds from `now` (ns) until the next reading is due; a command may make it sooner."""
        if self._due is None:
            self._due = now + self._wall_period
        if self._awaits_command():
            waited = now - self._due
            if waited < PATIENCE:
                return (PATIENCE - waited) * 1e-9
            self._commanded = None
        return (self._due - now) * 1e-9

    def advance(self, now: int) -> RobotState:
        """Simulate one sensor period and read the sensors; call when `remaining` is 0 or less."""
        self._fall_behind(now)
        if self._watchdog is not None and (position := self._watchdog.set_point(self.time)) is not None:
            self._robot.command(JointCommand.hold(position))
        self._robot.step(self._steps)
        self.time += self.period_ns
        state = self._robot.sense()
        self._measured = state.joint_position.copy()
        # a reading that was lost leaves an old one, with its age
        state.stamp += self.time - round(self._robot.time * 1e9)
        return state

    def lost(self, stamp: int) -> int:
        """Wall ns that the simulation had lost until simulated time was `stamp` ns.

        A robot's clock does not stand still because its computer is busy: stamps that did would look late
        for good.
        """
        return next((lost for since, lost in reversed(self._slips) if since < stamp), 0)

    def _fall_behind(self, now: int) -> None:
        """Set when the next reading is due, and note what of the wall's time will never be simulated."""
        assert self._due is not None
        due = self._due
        if self._control_ns is not None:
            due = max(due, now)  # time spent waiting is not caught up with
        behind = int((now - due) / self._wall_period)
        if behind > MAX_CATCH_UP:
            due += behind * self._wall_period
            self.lag += behind
        if due > self._due:
            before = self._slips[-1][1] if self._slips else 0
            self._slips.append((self.time, before + round(due - self._due)))
        self._due = due + self._wall_period

    def _awaits_command(self) -> bool:
        if self._control_ns is None or self._commanded is None:
            return False
        return self.time - self._commanded >= self._control_ns
