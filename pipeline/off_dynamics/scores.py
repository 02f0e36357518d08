"""Methods on one scale: 0 is a random policy's return on the target, 1 that of RL on the target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adaptation.stacked.methods import METHODS
from pipeline.off_dynamics.random_policy import RANDOM
from pipeline.off_dynamics.results import Run
from policies.statistics import student_interval

YARDSTICK = "target"


@dataclass(frozen=True)
class Score:
    """A method on a pair, over its seeds."""

    pair: str
    method: str
    seeds: int
    steps: int
    target_steps: int
    mean: float  # return on the target
    low: float  # 95 % interval
    high: float
    share: float  # of the way from random to RL on the target; NaN where that leads nowhere, or is not known
    hours: float  # of one process, for all seeds

    @property
    def title(self) -> str:
        """As a reader knows the method."""
        return METHODS[self.method].title


def scores(runs: Sequence[Run]) -> list[Score]:
    """In the order of pairs' first runs, and of methods in their registry.

    The runs of a method on a pair have one budget: `study.complete` and `plans.has_own_budget` see to that.
    """
    found = []
    for pair in dict.fromkeys(run.pair for run in runs):
        own = [run for run in runs if run.pair == pair]
        nothing = _mean([run.final for run in own if run.method == RANDOM])
        everything = _mean([run.final for run in own if run.method == YARDSTICK])
        for method in METHODS:
            chosen = [run for run in own if run.method == method]
            if chosen:
                found.append(_score(chosen, nothing, everything))
    return found


def _score(chosen: Sequence[Run], nothing: float, everything: float) -> Score:
    finals, first = [run.final for run in chosen], chosen[0]
    mean = _mean(finals)
    low, high = student_interval(finals)
    return Score(
        pair=first.pair,
        method=first.method,
        seeds=len(chosen),
        steps=first.steps,
        target_steps=first.target_steps,
        mean=mean,
        low=low,
        high=high,
        share=(mean - nothing) / (everything - nothing) if everything > nothing else math.nan,
        hours=sum(run.seconds / run.together for run in chosen) / 3600.0,
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan
