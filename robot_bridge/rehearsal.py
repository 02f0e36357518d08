"""A tick for nothing, shortly before the one that counts.

A processor forgets what it does not use for some milliseconds: a network takes several times as long then as
again and again, and so does all other code of a tick. One that nobody hears brings them back into the caches,
and a loop that does not go to sleep any more until the reading comes need not be woken up. That costs
processor time, so it is for fast loops. A process that comes before all others must sleep nevertheless: it
would keep from the processor who sends the reading.
"""

from __future__ import annotations

import math
import time

from contract.record import Contract
from contract.state import RobotState
from robot_bridge.actuation import Actuation
from robot_bridge.policy_core import PolicyCore
from robot_bridge.safety import SensorSample
from robot_bridge.succession import Succession
from robot_bridge.tick import Tick, encode

MARGIN = (
    2.0  # times what a rehearsal takes, before the deadline, to begin it: it must not hold up the reading
)
SHARE = 0.5  # of the control period, in which it has to be done
FORGETS = 0.01  # of the longest that one took, each time


class Rehearsal:
    """Does all that a tick does but publish, with a memory of its own.

    It learns how long that takes here, and begins as early as that asks for.

    Args:
        acting: the core whose ticks count; what is rehearsed is its policy and its command.
        contract: as `PolicyCore`'s limits.
        polls: whether there is no sleep from a rehearsal on until the reading comes.
    """

    def __init__(
        self, acting: PolicyCore, contract: Contract, actuation: Actuation, polls: bool = True
    ) -> None:
        self._acting, self._polls, self._actuation = acting, polls, actuation
        self._policy = acting.succession.policy
        self._core = PolicyCore(self._policy.twin(), limits=contract)
        self._core.command = acting.command
        self._core.activate()
        self._rehearsed: int | None = None  # number of the deadline
        self._longest = SHARE * contract.control_period / MARGIN  # s
        self._takes = self._longest  # s; until it is known

    @property
    def lead(self) -> float:
        """Seconds before a deadline at which it begins."""
        return MARGIN * self._takes

    def sleep(self, until_deadline: float) -> float:
        """Seconds for which there is nothing to do, `until_deadline` s before it; messages may end them."""
        if until_deadline > self.lead:
            return until_deadline - self.lead
        return 0.0 if self._polls else math.inf

    def is_due(self, number: int, until_deadline: float) -> bool:
        """Whether to rehearse for deadline `number` now."""
        return self._rehearsed != number and self._takes < until_deadline <= self.lead

    def run(self, number: int, now: float, sample: SensorSample | None) -> Tick | None:
        """Do the tick of deadline `number` at `now` s with the reading before it; tells what came of it."""
        began = time.perf_counter()
        self._rehearsed = number
        if self._policy is not self._acting.succession.policy:
            self._policy = self._acting.succession.policy
            self._core.succession = Succession(self._policy.twin())
        self._core.safety.reset_emergency_stop()
        tick = self._core.tick(number, now, sample)
        if tick is not None:
            state: RobotState | None = sample.state if sample is not None else None
            self._actuation.command(tick.set_point, state, stopped=False)
            encode(tick)
        self._core.prepare()
        self.note(time.perf_counter() - began)
        return tick

    def note(self, seconds: float) -> None:
        """A rehearsal took so long."""
        self._takes = min(max(seconds, (1.0 - FORGETS) * self._takes), self._longest)
