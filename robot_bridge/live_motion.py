"""The newest ticks of a policy at work, with the readings that it acted on."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np

from contract.record import Contract
from contract.state import RobotState
from robot_bridge.tick import Mode, Tick
from robot_bridge.transitions import RawSensors

STRETCH = 5  # ticks that are replayed from one reading: errors of a simulation add up
KEPT = 4.0  # s of readings: a tick comes a moment after those that it names


class LiveMotion:
    """The last `length` ticks that ran, each with its sensors.

    Messages go into `sensors`; ticks follow them.
    """

    def __init__(self, contract: Contract, length: int) -> None:
        self._contract, self._length = contract, length
        self.sensors = RawSensors(contract)
        self.rows: deque[tuple[Tick, RobotState]] = deque(maxlen=length)

    @property
    def is_full(self) -> bool:
        """Whether there are as many rows as there may be."""
        return len(self.rows) == self._length

    def add(self, tick: Tick) -> RobotState | None:
        """Remember a tick; returns what it acted on, None where it did not run or a reading is missing."""
        state = self.sensors.state(tick) if tick.mode is Mode.RUNNING else None
        self.sensors.forget_before(tick.joint_stamp - round(KEPT * 1e9))
        if state is not None:
            self.rows.append((tick, state))
        return state

    def clear(self) -> None:
        """Forget all: another policy acts, or the robot has changed."""
        self.rows.clear()

    def write(self, path: Path) -> None:
        """As numpy's arrays: rate, command, position, velocity (N, n) and the starts of stretches."""
        ticks, states = zip(*self.rows, strict=True)
        starts, last = [0], 0
        for i in range(1, len(ticks)):
            if ticks[i].number != ticks[i - 1].number + 1 or i - last >= STRETCH:
                starts.append(i)
                last = i
        np.savez(
            path,
            rate=np.array(self._contract.control_rate),
            command=np.array([tick.set_point for tick in ticks]),
            position=np.array([state.joint_position for state in states]),
            velocity=np.array([state.joint_velocity for state in states]),
            starts=np.array(starts),
        )
