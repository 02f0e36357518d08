"""What happens to a robot at times of its own within an episode: pushes, and parameters that change."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from contract.state import Array
from sim.domains.domain import Draw
from sim.domains.setting import Setting
from sim.engines.protocol import Engine
from sim.robots.spec import RobotSpec

Redraw = Callable[[tuple[Setting, ...]], None]


class Disturbance(Protocol):
    """Something that is due at a physics step of the episode."""

    due: float

    def happen(self, step: int) -> None:
        """Do it; sets when it is due next."""
        ...


class Pushes:
    """A kick, a pull for a while, or both, at intervals and in random horizontal directions."""

    def __init__(self, engine: Engine, robot: RobotSpec) -> None:
        self._engine = engine
        self._time_step = robot.time_step
        self._planar = robot.base == "planar"
        self.due = math.inf
        self._next, self._end = math.inf, math.inf

    def configure(self, draw: Draw, rng: np.random.Generator) -> None:
        """Take over a domain's draw; directions come from `rng`."""
        self._rng = rng
        self._velocity, self._force = draw.scalar("push_velocity"), draw.scalar("push_force")
        self._interval = self._steps(draw.scalar("push_interval"))
        self._duration = self._steps(draw.scalar("push_duration"))
        self.active = self._velocity > 0.0 or self._force > 0.0

    @property
    def pulling(self) -> bool:
        """Whether a force acts that will have to end."""
        return self._end < math.inf

    def reset(self, step: int) -> None:
        """An episode begins at physics step `step`; nobody pushes before the first interval is over."""
        self._next = self.due = step + self._interval
        self._end = math.inf

    def happen(self, step: int) -> None:
        if step >= self._end:
            self._engine.pull(None)
            self._end = math.inf
        if step >= self._next:
            self._push(self._direction(), step)
            self._next = step + max(self._interval, self._duration if self._force else 0)
        self.due = min(self._next, self._end)

    def _direction(self) -> Array:
        """A horizontal one (3,), in which the robot can move."""
        if self._planar:
            return np.array([self._rng.choice((-1.0, 1.0)), 0.0, 0.0])
        angle = self._rng.uniform(0.0, 2.0 * math.pi)
        return np.array([math.cos(angle), math.sin(angle), 0.0])

    def _push(self, direction: Array, step: int) -> None:
        if self._velocity:
            self._engine.kick(self._velocity * direction)
        if self._force:
            self._engine.pull(self._force * direction)
            self._end = step + self._duration

    def _steps(self, seconds: float) -> int:
        return max(1, round(seconds / self._time_step))


class Redraws:
    """The settings of a domain that are drawn anew at one interval."""

    def __init__(self, settings: tuple[Setting, ...], time_step: float, redraw: Redraw) -> None:
        self._settings = settings
        self._interval = max(1, round(settings[0].every / time_step))
        self._redraw = redraw
        self.due = math.inf

    def reset(self, step: int) -> None:
        self.due = step + self._interval

    def happen(self, step: int) -> None:
        self._redraw(self._settings)
        self.due = step + self._interval


def redraws(settings: Iterable[Setting], time_step: float, redraw: Redraw) -> tuple[Redraws, ...]:
    """One for each interval that the settings name; what shares it is drawn together."""
    drawn = [setting for setting in settings if setting.mode == "interval"]
    intervals = sorted({setting.every for setting in drawn})
    return tuple(
        Redraws(tuple(s for s in drawn if s.every == interval), time_step, redraw) for interval in intervals
    )
