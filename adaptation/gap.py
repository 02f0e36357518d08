"""What a model of the dynamics gap answers about source transitions."""

from __future__ import annotations

from typing import Protocol

from adaptation.transitions import Floats, Transitions


class GapModel(Protocol):
    """Learned from transitions of both domains; judges source transitions."""

    def fit(self, source: Transitions, target: Transitions, updates: int) -> dict[str, float]:
        """Do `updates` gradient steps and return diagnostics."""
        ...

    def delta_r(self, transitions: Transitions) -> Floats:
        """log p_target(s' | s, a) - log p_source(s' | s, a), estimated, (N,)."""
        ...
