"""Which of two policies acts while the robot runs: a newcomer comes in gradually, and leaves at once.

A newcomer sees what its predecessor saw and goes on from its memory of actions, for their contracts are the
same but for their identity. Its action is blended with the predecessor's for `blend` seconds, and for
`probation` seconds both are asked: a newcomer that strays too far from its predecessor, or answers with what
is no number, goes, and a stop does the same. A predecessor that answers so does not come back. What comes
back comes without a jump as well.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.errors import ContractError, TerrafirmaError
from contract.record import Contract
from contract.state import Array
from policies.runtime import Policy

WINDOW = 0.4  # s, of which the mean distance counts: a single odd action moves little
RETURN = 0.1  # s, from the actions of one that goes to those of one that comes back
PROBATION, CONFIRMED = "on probation", "confirmed"


@dataclass(frozen=True)
class SwapRules:
    """When a newcomer may stay."""

    blend: float = 1.0  # s
    probation: float = 20.0  # s of acting
    max_distance: float = 0.9  # see `distance`; 2 is the farthest that two actions can be apart

    def __post_init__(self) -> None:
        if self.probation < self.blend:
            raise TerrafirmaError(
                f"swap.probation: {self.probation:g} s is less than swap.blend, {self.blend:g} s: nobody "
                "would watch the newcomer come in."
            )


class Succession:
    """The policy in charge, called as a policy is, and the one before as long as that may have to return."""

    def __init__(self, policy: Policy, rules: SwapRules | None = None) -> None:
        self.policy = policy
        self.outcome = ""  # in words, of the newest swap
        rules, period = rules or SwapRules(), policy.contract.control_period
        self._scale = np.array(policy.contract.action.scale)
        self._most = rules.max_distance
        self._blend, self._probation, self._window, self._return = (
            max(1, math.ceil(seconds / period)) for seconds in (rules.blend, rules.probation, WINDOW, RETURN)
        )
        self._before: Policy | None = None  # while the one in charge is on probation
        self._ticks = 0  # acted since the newest swap
        self._distances: deque[float] = deque(maxlen=self._window)
        self._last = np.zeros(0)  # (n,) rad, the newest action while on probation
        self._left: Array | None = None  # (n,) rad, the last action of one that had to go

    @property
    def on_probation(self) -> bool:
        """Whether the policy in charge may still have to go."""
        return self._before is not None

    def promote(self, newcomer: Policy) -> None:
        """Let `newcomer` act from the next tick on.

        Raises:
            TerrafirmaError: it is not made for what this robot's policy does, or another is on probation.
        """
        if self._before is not None:
            raise TerrafirmaError("the policy in charge is on probation itself; wait until it is confirmed.")
        check_successor(self.policy.contract, newcomer)
        newcomer.reset()
        self._before, self.policy = self.policy, newcomer
        self._ticks, self._left, self.outcome = 0, None, PROBATION
        self._distances.clear()

    def roll_back(self, cause: str) -> bool:
        """Give charge back to the policy before; False if there is none."""
        if self._before is None:
            return False
        self._left = self._last if self._ticks else None
        self.policy, self._before = self._before, None
        self._ticks, self.outcome = 0, f"rolled back: {cause}"
        return True

    def reset(self) -> None:
        """An episode begins: what acts, acts without what was before, and a probation begins anew."""
        self.policy.reset()
        if self._before is not None:
            self._before.reset()
            self._ticks = 0
            self._distances.clear()
        self._left = None

    def __call__(self, observation: NDArray[np.float32]) -> Array:
        """Action (n,) rad."""
        action = self.policy(observation)
        if self._before is not None:
            return self._on_probation(self._clipped(action), self._clipped(self._before(observation)))
        return action if self._left is None else self._returning(self._left, self._clipped(action))

    def _clipped(self, action: Array) -> Array:
        """As it would leave."""
        return np.asarray(np.minimum(np.maximum(action, -self._scale), self._scale))

    def _on_probation(self, action: Array, before: Array) -> Array:
        if not np.isfinite(before).all() and np.isfinite(action).all():
            self._before, self.outcome = None, f"{CONFIRMED}: its predecessor's action is not finite"
            return action
        if cause := self._objection(action, before):
            self.roll_back(cause)
            return before if self._left is None else self._returning(self._left, before)
        self._ticks += 1
        if self._ticks >= self._probation:
            self._before, self.outcome = None, CONFIRMED
        share = min(1.0, self._ticks / self._blend)
        self._last = before + share * (action - before)
        return self._last

    def _objection(self, action: Array, before: Array) -> str | None:
        if not np.isfinite(action).all():
            return "its action is not finite"
        self._distances.append(distance(action, before, self._scale))
        mean = sum(self._distances) / len(self._distances)
        if len(self._distances) == self._window and mean > self._most:
            return f"its actions are {mean:.2f} from its predecessor's, more than {self._most:g}"
        return None

    def _returning(self, left: Array, action: Array) -> Array:
        self._ticks += 1
        if self._ticks >= self._return:
            self._left = None
        return left + min(1.0, self._ticks / self._return) * (action - left)


def distance(one: Array, other: Array, scale: Array) -> float:
    """Root of the mean squared difference of two actions (n,) rad within their scales, in scales."""
    apart = (one - other) / scale
    return math.sqrt(float(apart @ apart) / len(scale))


def check_successor(contract: Contract, newcomer: Policy) -> None:
    """Refuse a policy that cannot take over from one with `contract`.

    Raises:
        ContractError: it sees, does or expects anything else.
    """
    theirs = newcomer.contract
    pairs = {name: (getattr(theirs, name), getattr(contract, name)) for name in vars(contract)}
    given, wanted = pairs.pop("identity")
    pairs |= {name: (getattr(given, name), getattr(wanted, name)) for name in ("robot", "task")}
    different = [name for name, (one, other) in pairs.items() if one != other]
    if different:
        raise ContractError(
            f"{newcomer.path}: cannot take over, for its {', '.join(different)} differ from those of the "
            "policy in charge."
        )
