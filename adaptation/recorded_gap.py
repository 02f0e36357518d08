"""A gap model for recordings: a stacked one of a single seed, behind arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adaptation.stacked.batch import Batch
from adaptation.stacked.gap import GapModel
from adaptation.transitions import Floats, Transitions
from contract.errors import TerrafirmaError

MakeGap = Callable[[Sequence[int], int, int], GapModel]  # from seeds and sizes of observation and action


class RecordedGap:
    """What source transitions are to be paid, judged after recordings of both domains.

    Args:
        make: such as `partial(StackedDarc, config=...)`.
        columns: entries of the observation to look at.
        action: how many entries an action has.
        batch_size: transitions of each domain in an update.
    """

    def __init__(
        self, make: MakeGap, columns: NDArray[np.intp], action: int, seed: int, batch_size: int = 128
    ) -> None:
        self.model = make([seed], len(columns), action)
        self._columns, self._size = columns, batch_size
        self._rng = np.random.default_rng(seed)
        self._taught = False

    def fit(self, source: Transitions, target: Transitions, updates: int) -> dict[str, float]:
        """Gradient steps on batches drawn from both; returns the means of their diagnostics."""
        totals: dict[str, float] = {}
        for _ in range(updates):
            batches = [self._batch(domain.sample(self._size, self._rng)) for domain in (source, target)]
            for name, value in self.model.fit(*batches).items():
                totals[name] = totals.get(name, 0.0) + float(value[0]) / updates
            self._taught = True
        return totals

    def bonus(self, source: Transitions) -> Floats:
        """What to add to the rewards, (N,); a `fit` comes first."""
        if not self._taught:
            raise TerrafirmaError("a gap is asked for before its model has seen any transition.")
        bonus = self.model.judge(self._batch(source), _no_value).bonus
        if bonus is None:
            raise TerrafirmaError(f"{type(self.model).__name__} weighs transitions and pays none.")
        return np.asarray(bonus[0].numpy())

    def _batch(self, t: Transitions) -> Batch:
        seen = (t.observation[:, self._columns], t.action, t.reward, t.next_observation[:, self._columns])
        return Batch(*(torch.from_numpy(x)[None] for x in (*seen, t.terminated.astype(np.float32))))


def _no_value(states: Tensor) -> Tensor:
    """Raises: who only has recordings has no critic."""
    raise TerrafirmaError("this gap model asks for the values of states, which a recording cannot tell.")
