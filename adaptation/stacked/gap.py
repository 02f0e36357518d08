"""What a model of the dynamics gap says about source transitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from adaptation.stacked.batch import Batch

Value = Callable[[Tensor], Tensor]  # of states (S, N, observation_size) under the policy: (S, N)


@dataclass(frozen=True)
class Judgement:
    """What becomes of N source transitions of S seeds."""

    bonus: Tensor | None = None  # (S, N), added to their rewards; None: 0
    weight: Tensor | None = None  # (S, N), of their temporal-difference errors; None: 1
    doubt: Tensor | None = None  # (S, N), shares of a penalty on their values; sum 1 over N; None: no penalty


class GapModel(Protocol):
    """Learned from transitions of both domains, several seeds at once."""

    def fit(self, source: Batch, target: Batch) -> dict[str, Tensor]:
        """One gradient step; returns diagnostics (S,)."""
        ...

    def judge(self, source: Batch, value: Value) -> Judgement:
        """How source transitions are to count, as far as is known now; `value` is for who asks for values."""
        ...

    def state(self) -> dict[str, Any]:
        """What `restore` needs."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on as the one whose state it was."""
        ...
