"""A tick for nothing, shortly before the one that counts.

A processor forgets what it does not use for some milliseconds: a network takes several times as long then as
again and again, and so does all other code of a tick. One that nobody hears brings them back into the caches,
and a loop that does not go to sleep any more until the reading comes need not be woken up. That costs
processor time, so it is for fast loops. A process that comes before all others must sleep nevertheless: it
would keep from the processor who sends the reading.
"""

from __future__ import annotations

import math

from contract.record import Contract
from contract.state import RobotState
from policies.runtime import Policy
from robot_bridge.actuation import Actuation
from robot_bridge.policy_core import PolicyCore
from robot_bridge.safety import SensorSample
from robot_bridge.task_command import TaskCommand
from robot_bridge.tick import Tick, encode

SHARE = 0.5  # of the lead, before whose end a rehearsal has to begin: it must not hold up the reading


class Rehearsal:
    """Does all that a tick does but publish, with a memory of its own.

    Args:
        contract: as `PolicyCore`'s limits.
        command: what the policy is asked for.
        lead: s before a deadline from which on to rehearse; 0: never.
        polls: whether there is no sleep from then on.
    """

    def __init__(
        self,
        policy: Policy,
        contract: Contract,
        actuation: Actuation,
        command: TaskCommand,
        lead: float,
        polls: bool = True,
    ) -> None:
        self._lead, self._polls, self._actuation = lead, polls, actuation
        self._core = PolicyCore(policy.twin(), limits=contract)
        self._core.command = command
        self._core.activate()
        self._rehearsed: int | None = None  # number of the deadline

    def sleep(self, until_deadline: float) -> float:
        """Seconds for which there is nothing to do, `until_deadline` s before it; messages may end them."""
        if self._lead > 0.0 and until_deadline > self._lead:
            return until_deadline - self._lead
        return 0.0 if self._lead > 0.0 and self._polls else math.inf

    def is_due(self, number: int, until_deadline: float) -> bool:
        """Whether to rehearse for deadline `number` now."""
        return self._rehearsed != number and SHARE * self._lead < until_deadline <= self._lead

    def run(self, number: int, now: float, sample: SensorSample | None) -> Tick | None:
        """Do the tick of deadline `number` at `now` s with the reading before it; tells what came of it."""
        self._rehearsed = number
        self._core.safety.reset_emergency_stop()
        tick = self._core.tick(number, now, sample)
        if tick is not None:
            state: RobotState | None = sample.state if sample is not None else None
            self._actuation.command(tick.set_point, state, stopped=False)
            encode(tick)
        self._core.prepare()
        return tick
