"""DARC (Eysenbach et al. 2021, arXiv:2006.13916): pay in the source for what the target would not do.

    max_π  E_source[ Σ r(s, a) + scale · Δr(s, a, s') ]

The authors leave Δr unclipped, with scale 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, PositiveFloat

from adaptation.stacked.batch import Batch
from adaptation.stacked.classifiers import StackedClassifierConfig, StackedClassifiers
from adaptation.stacked.gap import Judgement, Value
from policies.config import Strict


class StackedDarcConfig(Strict):
    """Settings of the reward's correction, and of the classifiers."""

    scale: PositiveFloat = 1.0
    clip: PositiveFloat | None = None  # bounds of Δr; None: none
    classifiers: StackedClassifierConfig = Field(default_factory=StackedClassifierConfig)


class StackedDarc(StackedClassifiers):
    """A GapModel whose judgement is a bonus."""

    def __init__(
        self, seeds: Sequence[int], observation: int, action: int, config: StackedDarcConfig
    ) -> None:
        super().__init__(seeds, observation, action, config.classifiers)
        self._scale, self._clip = config.scale, config.clip

    def judge(self, source: Batch, value: Value) -> Judgement:
        delta_r = self.delta_r(source)
        if self._clip is not None:
            delta_r = delta_r.clamp(-self._clip, self._clip)
        return Judgement(bonus=self._scale * delta_r)
