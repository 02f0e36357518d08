"""VGDF (Xu et al. 2023, arXiv:2305.17625): learn from the source transitions that are worth the same there.

An ensemble of M models learns the target's dynamics. For a source transition (s, a, s') each model tells
where the target would have gone, and the policy's value of that is one of M fictitious values:

    V_i = V(ŝ'_i),  ŝ'_i ~ N(μ_i(s, a), σ_i²(s, a))        Λ = N( V(s') | mean V_i, var V_i )

Only the share ξ of a batch with the highest likelihood Λ counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from adaptation.stacked.batch import Batch
from adaptation.stacked.gap import Judgement, Value
from adaptation.stacked.mlp import StackedMlp
from adaptation.stacked.noise import Noise
from adaptation.stacked.normaliser import Normaliser
from adaptation.stacked.parts import InParts, Part
from policies.config import Strict

LOG_DEVIATION = -5.0, 1.0  # bounds, of normalised changes
LEAST_VARIANCE = 1e-6  # of fictitious values


class VgdfConfig(Strict):
    """Settings; the authors' ensemble has 7 members of 200 units."""

    share: float = Field(0.25, gt=0, le=1)  # ξ
    members: PositiveInt = 7  # M
    hidden: tuple[PositiveInt, ...] = (64, 64)
    learning_rate: PositiveFloat = 1e-3


class Vgdf(InParts):
    """A GapModel whose judgement is a weight, 0 or 1."""

    def __init__(self, seeds: Sequence[int], observation: int, action: int, config: VgdfConfig) -> None:
        self._config, self._seeds, self._observed = config, len(seeds), observation
        self._normalise = Normaliser()
        self._noise = Noise(seeds)
        # member m of seed s is copy m S + s
        copies = self._noise.generators * config.members
        self._models = StackedMlp(copies, observation + action, config.hidden, 2 * observation)
        self._optimizer = torch.optim.Adam(self._models.parameters(), config.learning_rate, fused=True)

    def fit(self, source: Batch, target: Batch) -> dict[str, Tensor]:
        """One step on the likelihood of the target's transitions; the source's only set scales."""
        self._normalise.learn(source, target)
        inputs = self._normalise(target)
        mean, log_deviation = self._predict(inputs)
        change = inputs[..., -self._observed :]
        likelihood = -0.5 * ((change - mean) / log_deviation.exp()) ** 2 - log_deviation
        loss = -likelihood.mean(dim=(2, 3))
        self._optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return {"dynamics_loss": loss.detach().mean(dim=0)}

    def _predict(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log deviation (members, S, N, observation_size) of normalised changes."""
        asked = inputs[..., : -self._observed].repeat(self._config.members, 1, 1)
        told = self._models(asked).view(self._config.members, self._seeds, inputs.shape[1], -1)
        mean, log_deviation = told.chunk(2, dim=3)
        return mean, log_deviation.clamp(*LOG_DEVIATION)

    @torch.no_grad()
    def judge(self, source: Batch, value: Value) -> Judgement:
        mean, log_deviation = self._predict(self._normalise(source))
        members, _, *rest = mean.shape
        drawn = self._noise.normal(members, *rest).transpose(0, 1)
        change = self._normalise.change(mean + log_deviation.exp() * drawn)
        fictitious = torch.stack([value(source.observation + each) for each in change])
        variance = fictitious.var(dim=0).clamp(min=LEAST_VARIANCE)
        surprise = (value(source.next_observation) - fictitious.mean(dim=0)) ** 2 / variance + variance.log()
        kept = round(self._config.share * len(source))
        bar = surprise.kthvalue(kept, dim=1, keepdim=True).values
        return Judgement(weight=(surprise <= bar).float())

    @property
    def parts(self) -> dict[str, Part]:
        return {
            "models": self._models,
            "optimizer": self._optimizer,
            "noise": self._noise,
            "scales": self._normalise,
        }
