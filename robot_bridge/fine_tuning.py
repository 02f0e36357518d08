"""When to learn, what may take over, and when it has to go: the mind of the fine-tuner node.

    watching ── the newest ticks go to the learner ──▶ learning ── a candidate ──▶ in shadow ──▶ offered
        ▲                  nothing to mend, or refused ◀──┴──────────────┴─────────────┤
        └──────────── confirmed, or rolled back ◀── on probation ◀── promoted ◀────────┘

The learner is first asked whether the robot still moves as it did; only when it does not, and there are
enough newer ticks, is it asked what has changed.

A candidate takes over only if the file is whole and its golden trace comes out, its contract is that of the
policy in charge, it is worth at least as much in a simulation with what was found of the robot, and its
actions in shadow are not too far from those applied. On probation the policy node watches its actions; here
its return is watched.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from contract.errors import TerrafirmaError
from policies.runtime import Policy
from robot_bridge.live_motion import LiveMotion
from robot_bridge.shadow import Shadow
from robot_bridge.succession import CONFIRMED, check_successor
from robot_bridge.tick import Tick

BLOCK = 1.0  # s of rewards that count as one reading: neighbours are alike
LEAST_BLOCKS, MOST_BLOCKS = 8, 60
WORSE = 4.0  # standard errors: it is asked after each block
MOST_TRIES = 3  # to mend one change
PATIENCE = 10.0  # s for the policy node to read what it is offered


class Phase(Enum):
    """What the fine-tuner is at."""

    WATCHING = "watching"
    LEARNING = "learning"
    SHADOW = "in shadow"
    OFFERED = "offered"
    PROBATION = "on probation"


class PolicyInCharge(Protocol):
    """The policy node, as seen from here."""

    def said(self, key: str) -> str:
        """Its newest diagnostics."""
        ...

    def offer(self, path: Path) -> None: ...

    def promote(self) -> None: ...

    def roll_back(self) -> None: ...


class Learner(Protocol):
    """Who learns, beside."""

    def ask(self, request: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class FineTuningRules:
    """Settings; a user may make them stricter."""

    interval: float = 2.0  # s, between two looks at the newest ticks
    steps: int = 12_000  # of training, for a candidate
    shadow: float = 5.0  # s
    max_distance: float = 1.0  # mean of the candidate's actions from those applied
    min_gain: float = 0.0  # of its return in simulation


class FineTuning:
    """Told of every tick and every answer; tells the policy node what to do.

    Args:
        policy: in charge at first.
        out: folder for logs.
        note: takes what is worth telling a user.
    """

    def __init__(
        self,
        policy: Policy,
        motion: LiveMotion,
        rules: FineTuningRules,
        out: Path,
        node: PolicyInCharge,
        learner: Learner,
        note: Callable[[str], None],
    ) -> None:
        self._known = {policy.sha256: policy}
        self._motion, self._rules, self._out = motion, rules, out
        self._node, self._learner, self._note = node, learner, note
        self._period = policy.contract.control_period
        # behind the candidates of an earlier session
        self.phase, self.number, self.outcome = Phase.WATCHING, _begun(out), ""
        self.strengths: Mapping[str, float] = {}
        self._due, self._since = 0.0, 0.0
        self._asked = False  # and not answered
        self._tries = 0  # to mend what has changed last
        self._own: Path | None = None  # a user's candidate
        self._is_new = True  # the robot: nothing is known of it, or it has changed
        self._candidate: Policy | None = None
        self._shadow: Shadow | None = None
        self._rewards: deque[float] = deque(maxlen=round(MOST_BLOCKS * BLOCK / self._period))
        self._before: list[float] = []  # blocks before the newest promotion
        self._seen = self._judged = 0  # rewards since, and blocks of them at the last judgement

    def see(self, tick: Tick, reward: float | None) -> None:
        """A tick that ran, and what was earned since the one before it, where that is known."""
        if reward is not None:
            self._rewards.append(reward)
            self._seen += 1
        if self._shadow is not None and self.phase is Phase.SHADOW:
            self._shadow.see(tick)

    def consider(self, path: Path) -> None:
        """Put a user's own candidate through the same gate; raises TerrafirmaError where it cannot be."""
        if self.phase is not Phase.WATCHING:
            raise TerrafirmaError(f"{self.phase.value}: one candidate at a time.")
        if not self._motion.is_full:
            raise TerrafirmaError("too few ticks so far to know what it would be worth.")
        check_successor(self._in_charge().contract, Policy(path))
        self._own = path

    def step(self, now: float) -> None:
        """Look at what has changed; `now` in s."""
        if self.phase is Phase.WATCHING:
            is_time = self._own is not None or now >= self._due
            if is_time and not self._asked and self._motion.is_full:
                self._ask_if_known(now)
        elif self.phase is Phase.SHADOW:
            self._judge_shadow(now)
        elif self.phase is Phase.OFFERED:
            self._promote_when_ready(now)
        elif self.phase is Phase.PROBATION:
            self._watch(now)

    def answer(self, answer: Mapping[str, Any], now: float) -> None:
        """Something that the learner has said."""
        kind = answer.get("kind")
        if kind == "changed":
            self._motion.clear()  # some of it may be from before
            self._rewards.clear()
            self._is_new, self._tries = True, 0
            self._watch_on(now, "the robot moves otherwise than it did")
        elif kind == "same":
            self._watch_on(now, "")
        elif kind == "found":
            self.strengths = answer["strengths"]
        elif kind == "candidate":
            self._gate(answer, now)
        elif kind == "nothing":
            self._watch_on(now, "")
        elif kind == "error":
            self._fail(now, f"the learner says: {answer['message']}")

    def _in_charge(self) -> Policy:
        """The policy that acts now; raises TerrafirmaError where that is one of which nothing is known."""
        sha = self._node.said("policy_sha256")
        if sha not in self._known:
            raise TerrafirmaError(f"the policy node runs {sha or 'nothing'}; this fine-tuner knows another.")
        return self._known[sha]

    def _ask_if_known(self, now: float) -> None:
        own, self._own = self._own, None
        try:
            self._ask(own)
        except TerrafirmaError as error:
            self._watch_on(now, str(error))

    def _ask(self, candidate: Path | None) -> None:
        incumbent = self._in_charge()
        self.number += self._is_new or candidate is not None
        self._tries += self._is_new
        log = self._out / f"motion-{self.number}.npz"
        self._motion.write(log)
        self._learner.ask(
            {
                "number": self.number,
                "log": str(log),
                "incumbent": str(incumbent.path),
                "candidate": None if candidate is None else str(candidate),
                "search": self._is_new,
                "steps": self._rules.steps,
            }
        )
        self._asked = True
        if self._is_new or candidate is not None:
            self.phase = Phase.LEARNING
        self._is_new = False

    def _gate(self, answer: Mapping[str, Any], now: float) -> None:
        worth, incumbent = float(answer["candidate_return"]), float(answer["incumbent_return"])
        if not worth >= incumbent + self._rules.min_gain:
            self._refuse(now, f"in simulation it is worth {worth:.2f}, the policy in charge {incumbent:.2f}")
            return
        try:
            candidate = Policy(Path(answer["path"]))
            check_successor(self._in_charge().contract, candidate)
        except TerrafirmaError as error:
            self._refuse(now, str(error))
            return
        self._note(f"candidate {self.number}: worth {worth:.2f} in simulation against {incumbent:.2f}")
        self._candidate, self.phase = candidate, Phase.SHADOW
        ticks = math.ceil(self._rules.shadow / self._period)
        self._shadow = Shadow(candidate.twin(), ticks, self._rules.max_distance)

    def _judge_shadow(self, now: float) -> None:
        assert self._shadow is not None
        if not self._shadow.is_over:
            return
        if objection := self._shadow.objection():
            self._refuse(now, objection)
            return
        assert self._candidate is not None
        self._note(f"candidate {self.number}: in shadow {self._shadow.distance:.2f} from what was applied")
        self._node.offer(self._candidate.path)
        self.phase, self._since = Phase.OFFERED, now

    def _promote_when_ready(self, now: float) -> None:
        assert self._candidate is not None
        said = self._node.said("candidate")
        if said == f"ready: {self._candidate.sha256}":
            self._before, self._judged, self._seen = self._blocks(), 0, 0
            self._rewards.clear()
            self._known[self._candidate.sha256] = self._candidate
            self._node.promote()
            self.phase, self._since = Phase.PROBATION, now
            self._note(f"candidate {self.number}: promoted, on probation")
        elif said.startswith("refused") or now - self._since > PATIENCE:
            self._refuse(now, said or "the policy node does not answer")

    def _watch(self, now: float) -> None:
        swap = self._node.said("swap")
        if swap.startswith(CONFIRMED):
            self._motion.clear()
            self._watch_on(now, f"candidate {self.number}: {swap}")
        elif swap.startswith(("rolled back", "refused")):
            self._motion.clear()
            self._rewards.clear()
            self._fail(now, f"candidate {self.number}: {swap}")
        elif cause := self._is_worse():
            self._note(f"candidate {self.number}: {cause}")
            self._node.roll_back()
        elif not swap and now - self._since > PATIENCE:
            self._refuse(now, "the policy node did not promote it")

    def _blocks(self) -> list[float]:
        """Mean rewards of the newest blocks."""
        size = max(1, round(BLOCK / self._period))
        rewards = list(self._rewards)[len(self._rewards) % size :]
        return [float(np.mean(rewards[i : i + size])) for i in range(0, len(rewards), size)]

    def _is_worse(self) -> str | None:
        before, after = self._before, self._blocks()
        seen = math.floor(self._seen * self._period / BLOCK)
        if min(len(before), len(after)) < LEAST_BLOCKS or seen == self._judged:
            return None
        self._judged = seen
        error = math.sqrt(np.var(before, ddof=1) / len(before) + np.var(after, ddof=1) / len(after))
        if np.mean(after) >= np.mean(before) - WORSE * error:
            return None
        return f"earns {np.mean(after):.3f} a tick, {np.mean(before):.3f} was earned before it"

    def _refuse(self, now: float, why: str) -> None:
        self._fail(now, f"candidate {self.number} refused: {why}")

    def _fail(self, now: float, outcome: str) -> None:
        """Something came of nothing: try again with another seed, a few times."""
        self._is_new = self._is_new or 0 < self._tries < MOST_TRIES
        self._watch_on(now, outcome)

    def _watch_on(self, now: float, outcome: str) -> None:
        if outcome:
            self.outcome = outcome
            self._note(outcome)
        self.phase, self._candidate, self._shadow, self._asked = Phase.WATCHING, None, None, False
        self._due = now + self._rules.interval


def _begun(out: Path) -> int:
    """The greatest number of a candidate in a folder, or 0."""
    names = (path.name.removeprefix("candidate-") for path in out.glob("candidate-*"))
    return max((int(name) for name in names if name.isdecimal()), default=0)
