"""H2O (Niu et al. 2022, arXiv:2206.13464): doubt the values of what the target would not have done.

Source transitions count by w = p_target(s'|s, a) / p_source(s'|s, a), within bounds, and their values are
held down, the more the larger the dynamics gap u of their (s, a) is:

    ω(s, a) ∝ u(s, a) = KL( p_source(.|s, a) ‖ p_target(.|s, a) ) ≈ -E_s'[ Δr(s, a, s') ],   w = exp Δr

`adaptation.stacked.sac` has the penalty. The gap of (s, a) is estimated, as by the authors, from states
around s', drawn with a share of the spread that s' - s has in the target. Made for a target that has only
been logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from pydantic import Field, PositiveFloat, PositiveInt

from adaptation.stacked.batch import Batch
from adaptation.stacked.classifiers import StackedClassifierConfig, StackedClassifiers
from adaptation.stacked.gap import Judgement, Value
from policies.config import Strict

LEAST_GAP = 1e-4


class H2oConfig(Strict):
    """Bounds of the weights, how a gap is estimated, and the classifiers' settings."""

    least: PositiveFloat = 1e-5
    most: PositiveFloat = 1.0
    draws: PositiveInt = 10  # states around s'
    spread: PositiveFloat = 0.1  # of the deviation of s' - s in the target
    classifiers: StackedClassifierConfig = Field(default_factory=StackedClassifierConfig)


class H2o(StackedClassifiers):
    """A GapModel whose judgement is a weight and a doubt."""

    def __init__(self, seeds: Sequence[int], observation: int, action: int, config: H2oConfig) -> None:
        super().__init__(seeds, observation, action, config.classifiers)
        self._settings = config

    def judge(self, source: Batch, value: Value) -> Judgement:
        weight = self.delta_r(source).exp().clamp(self._settings.least, self._settings.most)
        around = torch.stack([self._moved(source) for _ in range(self._settings.draws)])
        gap = (-around.mean(dim=0)).clamp(min=LEAST_GAP)
        return Judgement(weight=weight, doubt=gap / gap.sum(dim=1, keepdim=True))

    def _moved(self, source: Batch) -> torch.Tensor:
        """Δr (S, N) with s' a little elsewhere."""
        shape = source.observation.shape[1:]
        drawn = self.noise.normal(*shape)
        change = self.normalise.deviation[..., -shape[1] :] * self._settings.spread * drawn
        return self.delta_r(replace(source, next_observation=source.next_observation + change))
