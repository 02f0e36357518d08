"""Every off-dynamics method by name, on the same learner and budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from adaptation.stacked.classifiers import StackedClassifierConfig
from adaptation.stacked.darc import StackedDarc, StackedDarcConfig
from adaptation.stacked.gap import GapModel
from adaptation.stacked.h2o import H2o, H2oConfig
from adaptation.stacked.importance_weighting import ImportanceConfig, ImportanceWeighting
from adaptation.stacked.par import Par, ParConfig
from adaptation.stacked.vgdf import Vgdf, VgdfConfig
from contract.errors import UnknownNameError
from policies.config import Strict

HALF = 0.5


@dataclass(frozen=True)
class Method:
    """What becomes of source and target transitions.

    `gap` and its `config` judge source transitions; None: they count as they are.
    """

    title: str
    gap: Callable[..., GapModel] | None = None
    config: Strict | None = None
    target_share: float = 0.0  # of the batches that train the policy
    learns_in_target: bool = False  # instead of the source: the yardsticks

    @property
    def make_gap(self) -> Callable[[Sequence[int], int, int], GapModel] | None:
        """From seeds and the sizes of observation and action to the gap model."""
        return partial(self.gap, config=self.config) if self.gap else None

    def settings(self) -> dict[str, Any]:
        """All that decides what it does, as plain values."""
        return {
            "gap": getattr(self.gap, "__name__", None),
            "config": self.config.model_dump(mode="json") if self.config else None,
            "target_share": self.target_share,
            "learns_in_target": self.learns_in_target,
        }


def _darc(title: str, state_action: bool = True, noise: float = 1.0, target_share: float = 0.0) -> Method:
    classifiers = StackedClassifierConfig(
        state_action_noise=noise, change_noise=noise, judge_state_action=state_action
    )
    return Method(title, StackedDarc, StackedDarcConfig(classifiers=classifiers), target_share)


METHODS = {
    "target": Method("RL on the target", learns_in_target=True),
    "source": Method("RL on the source"),
    "mix": Method("source and target mixed", target_share=HALF),
    "darc": _darc("DARC"),
    "darc-mix": _darc("DARC + Mix", target_share=HALF),
    "darc-no-state-action": _darc("DARC without the classifier of (s, a)", state_action=False),
    "darc-no-noise": _darc("DARC without noise", noise=0.0),
    "importance": Method("importance weighting", ImportanceWeighting, ImportanceConfig(), HALF),
    "par": Method("PAR", Par, ParConfig(), HALF),
    "h2o": Method("H2O", H2o, H2oConfig(), HALF),
    "vgdf": Method("VGDF", Vgdf, VgdfConfig(), HALF),
}


def method_by_name(name: str) -> Method:
    """The method called `name`; raises UnknownNameError with the nearest match."""
    if name not in METHODS:
        raise UnknownNameError("off-dynamics method", name, METHODS)
    return METHODS[name]
