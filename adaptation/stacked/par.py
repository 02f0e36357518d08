"""PAR (Lyu et al. 2024, arXiv:2405.15369): pay where a model of the target is surprised by the source.

An encoder f of states and one g of (f(s), a) learn the target's dynamics in latent space, on target
transitions alone:

    L = mean || g(f(s), a) - sg f(s') ||²          r̂ = r - β mean_k ( g(f(s), a) - f(s') )²_k

sg lets no gradient through. A latent has mean absolute value 1 (AvgL1Norm), so it cannot shrink to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from adaptation.stacked.batch import Batch
from adaptation.stacked.gap import Judgement, Value
from adaptation.stacked.mlp import StackedMlp
from adaptation.stacked.noise import Noise
from adaptation.stacked.parts import InParts, Part
from policies.config import Strict

TINY = 1e-8


class ParConfig(Strict):
    """Settings; the authors have β between 0.01 and 5, by task."""

    penalty: PositiveFloat = 1.0  # β
    hidden: tuple[PositiveInt, ...] = (256, 256)
    latent: PositiveInt = 256
    learning_rate: PositiveFloat = 3e-4


class Par(InParts):
    """A GapModel whose judgement is a penalty."""

    def __init__(self, seeds: Sequence[int], observation: int, action: int, config: ParConfig) -> None:
        self._config = config
        generators = Noise(seeds).generators
        self._state = StackedMlp(generators, observation, config.hidden, config.latent)
        self._dynamics = StackedMlp(generators, config.latent + action, config.hidden, config.latent)
        parameters = [*self._state.parameters(), *self._dynamics.parameters()]
        self._optimizer = torch.optim.Adam(parameters, config.learning_rate, fused=True)

    def fit(self, source: Batch, target: Batch) -> dict[str, Tensor]:
        """One step on the target's transitions; the source's are not looked at."""
        loss = self._surprise(target).mean(dim=1)
        self._optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return {"latent_error": loss.detach()}

    def _surprise(self, batch: Batch) -> Tensor:
        """Mean squared error of the predicted latent (S, N)."""
        with torch.no_grad():
            following = average_norm(self._state(batch.next_observation))
        latent = average_norm(self._state(batch.observation))
        expected: Tensor = self._dynamics(torch.cat([latent, batch.action], dim=2))
        return ((expected - following) ** 2).mean(dim=2)

    @torch.no_grad()
    def judge(self, source: Batch, value: Value) -> Judgement:
        return Judgement(bonus=-self._config.penalty * self._surprise(source))

    @property
    def parts(self) -> dict[str, Part]:
        return {"state": self._state, "dynamics": self._dynamics, "optimizer": self._optimizer}


def average_norm(latent: Tensor) -> Tensor:
    """Rows (..., k) over their mean absolute value (AvgL1Norm of Fujimoto et al. 2023, arXiv:2306.02451)."""
    return latent / latent.abs().mean(dim=-1, keepdim=True).clamp(min=TINY)
