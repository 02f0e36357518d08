"""Every off-dynamics method by name, on the same learner and budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from adaptation.stacked.classifiers import StackedClassifierConfig
from adaptation.stacked.darc import StackedDarc, StackedDarcConfig
from adaptation.stacked.gap import GapModel
from adaptation.stacked.h2o import H2o, H2oConfig
from adaptation.stacked.importance_weighting import ImportanceConfig, ImportanceWeighting
from adaptation.stacked.par import Par, ParConfig
from adaptation.stacked.vgdf import Vgdf, VgdfConfig
from contract.errors import UnknownNameError

HALF = 0.5


@dataclass(frozen=True)
class Method:
    """What becomes of source and target transitions.

    `make_gap(seeds, observation size, action size)` judges source transitions; None: they count as they are.
    """

    title: str
    make_gap: Callable[[Sequence[int], int, int], GapModel] | None = None
    target_share: float = 0.0  # of the batches that train the policy
    learns_in_target: bool = False  # instead of the source: the yardsticks


def _darc(
    state_action: bool = True, noise: float = 1.0, hidden: tuple[int, ...] = (64, 64)
) -> Callable[[Sequence[int], int, int], GapModel]:
    classifiers = StackedClassifierConfig(
        hidden=hidden, state_action_noise=noise, change_noise=noise, judge_state_action=state_action
    )
    return partial(StackedDarc, config=StackedDarcConfig(classifiers=classifiers))


METHODS = {
    "target": Method("RL on the target", learns_in_target=True),
    "source": Method("RL on the source"),
    "mix": Method("source and target mixed", target_share=HALF),
    "darc": Method("DARC", _darc()),
    "darc-mix": Method("DARC + Mix", _darc(), HALF),
    "darc-no-state-action": Method("DARC without the classifier of (s, a)", _darc(state_action=False)),
    "darc-no-noise": Method("DARC without noise", _darc(noise=0.0)),
    "importance": Method(
        "importance weighting", partial(ImportanceWeighting, config=ImportanceConfig()), HALF
    ),
    "par": Method("PAR", partial(Par, config=ParConfig()), HALF),
    "h2o": Method("H2O", partial(H2o, config=H2oConfig()), HALF),
    "vgdf": Method("VGDF", partial(Vgdf, config=VgdfConfig()), HALF),
}


def method_by_name(name: str) -> Method:
    """The method called `name`; raises UnknownNameError with the nearest match."""
    if name not in METHODS:
        raise UnknownNameError("off-dynamics method", name, METHODS)
    return METHODS[name]
