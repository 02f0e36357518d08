"""The pair of domain classifiers of DARC (Eysenbach et al. 2021, arXiv:2006.13916), several seeds at once.

    Δr = log p(tar|s,a,s') - log p(src|s,a,s') - log p(tar|s,a) + log p(src|s,a)

The logits of (s, a, s') are those of (s, a) plus a correction, so Δr is the difference of the
correction's. One logit a classifier, the log-odds of target against source: two logits and a softmax
would say the same. What both domains' noise, scales and columns are about is in `adaptation.classifiers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn import functional

from adaptation.stacked.batch import Batch
from adaptation.stacked.mlp import StackedMlp
from adaptation.stacked.normaliser import Normaliser
from policies.config import Strict


class StackedClassifierConfig(Strict):
    """Settings; noises are deviations of Gaussian noise on normalised inputs while training."""

    hidden: tuple[PositiveInt, ...] = (64, 64)
    learning_rate: PositiveFloat = 1e-3
    state_action_noise: NonNegativeFloat = 1.0
    change_noise: NonNegativeFloat = 1.0
    judge_state_action: bool = True  # False: the ablation without a classifier of (s, a)


class StackedClassifiers:
    """Log-odds of (s, a) and of (s, a, s'), learned by cross entropy."""

    def __init__(
        self, seeds: Sequence[int], observation: int, action: int, config: StackedClassifierConfig
    ) -> None:
        self.config = config
        self.normalise = Normaliser()
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._narrow, wide = observation + action, 2 * observation + action
        self.state_action = StackedMlp(self.generators, self._narrow, config.hidden, 1)
        self.correction = StackedMlp(self.generators, wide, config.hidden, 1)
        self._noise = torch.full((wide,), config.state_action_noise)
        self._noise[self._narrow :] = config.change_noise
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
        drawn = torch.stack([torch.randn(inputs.shape[1:], generator=g) for g in self.generators])
        return inputs + self._noise * drawn

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

    def state(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {
            "state_action": self.state_action.state_dict(),
            "correction": self.correction.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": [generator.get_state() for generator in self.generators],
            "scales": self.normalise.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on as the one whose state it was."""
        self.state_action.load_state_dict(state["state_action"])
        self.correction.load_state_dict(state["correction"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.normalise.restore(state["scales"])
        for generator, was in zip(self.generators, state["random"], strict=True):
            generator.set_state(was)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Of each seed, (S,). The logits go in as they are: it applies the logistic function itself, once."""
    each = functional.binary_cross_entropy_with_logits(logits[..., 0], labels, reduction="none")
    return each.mean(dim=1)
