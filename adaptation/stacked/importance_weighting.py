"""Importance weighting: source transitions count as often as the target would have made them.

    L(Q) = E_source[ w (Q(s, a) - y)² ],   w = p_target(s'|s, a) / p_source(s'|s, a) = exp Δr

with DARC's classifiers for Δr (the baseline "IW" of Eysenbach et al. 2021, arXiv:2006.13916), and w
within bounds, without which one transition could outweigh all others.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, PositiveFloat

from adaptation.stacked.batch import Batch
from adaptation.stacked.classifiers import StackedClassifierConfig, StackedClassifiers
from adaptation.stacked.gap import Judgement, Value
from policies.config import Strict


class ImportanceConfig(Strict):
    """Bounds of the weights, and the classifiers' settings."""

    least: PositiveFloat = 1e-4
    most: PositiveFloat = 10.0
    classifiers: StackedClassifierConfig = Field(default_factory=StackedClassifierConfig)


class ImportanceWeighting(StackedClassifiers):
    """A GapModel whose judgement is a weight."""

    def __init__(self, seeds: Sequence[int], observation: int, action: int, config: ImportanceConfig) -> None:
        super().__init__(seeds, observation, action, config.classifiers)
        self._least, self._most = config.least, config.most

    def judge(self, source: Batch, value: Value) -> Judgement:
        return Judgement(weight=self.delta_r(source).exp().clamp(self._least, self._most))
