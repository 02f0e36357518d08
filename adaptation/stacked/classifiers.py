"""The pair of domain classifiers of DARC (Eysenbach et al. 2021, arXiv:2006.13916), several seeds at once.

    Δr = log p(tar|s,a,s') - log p(src|s,a,s') - log p(tar|s,a) + log p(src|s,a)

The logits of (s, a, s') are those of (s, a) plus a correction, so Δr is the difference of the
correction's. One logit a classifier, the log-odds of target against source: two logits and a softmax
would say the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn import functional

from adaptation.stacked.batch import Batch
from adaptation.stacked.mlp import StackedMlp
from adaptation.stacked.noise import Noise
from adaptation.stacked.normaliser import Normaliser
from adaptation.stacked.parts import InParts, Part
from policies.config import Strict


class StackedClassifierConfig(Strict):
    """Settings; noises are deviations of Gaussian noise on normalised inputs while training.

    With deterministic dynamics the noise on s' - s is what keeps Δr finite and gives it a slope:
    Δr = -|f_source - f_target|² / (2 change_noise²).
    """

    hidden: tuple[PositiveInt, ...] = (64, 64)
    learning_rate: PositiveFloat = 1e-3
    state_action_noise: NonNegativeFloat = 1.0
    change_noise: NonNegativeFloat = 1.0
    judge_state_action: bool = True  # False: the ablation without a classifier of (s, a)


class StackedClassifiers(InParts):
    """Log-odds of (s, a) and of (s, a, s'), learned by cross entropy."""

    def __init__(
        self, seeds: Sequence[int], observation: int, action: int, config: StackedClassifierConfig
    ) -> None:
        self.config = config
        self.normalise = Normaliser()
        self.noise = Noise(seeds)
        self._narrow, wide = observation + action, 2 * observation + action
        self.state_action = StackedMlp(self.noise.generators, self._narrow, config.hidden, 1)
        self.correction = StackedMlp(self.noise.generators, wide, config.hidden, 1)
        self._deviation = torch.full((wide,), config.state_action_noise)
        self._deviation[self._narrow :] = config.change_noise
        parameters = [*self.state_action.parameters(), *self.correction.parameters()]
        self.optimizer = torch.optim.Adam(parameters, config.learning_rate, fused=True)

    def fit(self, source: Batch, target: Batch) -> dict[str, Tensor]:
        """One step on the cross entropy of each classifier; returns both (S,)."""
        self.normalise.learn(source, target)
        inputs = torch.cat([self.normalise(source), self.normalise(target)], dim=1)
        labels = torch.zeros(inputs.shape[:2])
        labels[:, len(source) :] = 1.0
        # independent noise for the two, as in the authors' code
        loss_sa = _cross_entropy(self.state_action(self._noisy(inputs)[..., : self._narrow]), labels)
        noisy = self._noisy(inputs)
        loss_sas = _cross_entropy(self._full(noisy), labels)
        self.optimizer.zero_grad()
        (loss_sa + loss_sas).sum().backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return {"loss_sa": loss_sa.detach(), "loss_sas": loss_sas.detach()}

    def _noisy(self, inputs: Tensor) -> Tensor:
        return inputs + self._deviation * self.noise.normal(*inputs.shape[1:])

    def _full(self, inputs: Tensor) -> Tensor:
        """Log-odds of (s, a, s')."""
        both: Tensor = self.state_action(inputs[..., : self._narrow]) + self.correction(inputs)
        return both

    @torch.no_grad()
    def delta_r(self, batch: Batch) -> Tensor:
        """Δr (S, N) without input noise; a `fit` comes first."""
        inputs = self.normalise(batch)
        odds = self.correction(inputs) if self.config.judge_state_action else self._full(inputs)
        return odds[..., 0]

    @property
    def parts(self) -> dict[str, Part]:
        return {
            "state_action": self.state_action,
            "correction": self.correction,
            "optimizer": self.optimizer,
            "noise": self.noise,
            "scales": self.normalise,
        }


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Of each seed, (S,). The logits go in as they are: it applies the logistic function itself, once."""
    each = functional.binary_cross_entropy_with_logits(logits[..., 0], labels, reduction="none")
    return each.mean(dim=1)
