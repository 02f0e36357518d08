"""A teacher that is told which robot it has (RMA, Kumar et al. 2021, arXiv:2107.04034, phase 1).

With x what the contract lets a policy see, and e what only a simulator knows:

    z = mu(e)        actor   a ~ N(pi(x, z), sigma)        critic   V(x, e)

trained together, end to end, by PPO. z is short: what about e matters for acting. A student finds it
out without being told (`policies.student`); its network rides along from the start, untrained, so that
one checkpoint and one optimiser serve both phases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from policies.asymmetric import AsymmetricNetwork, AsymmetricPolicy, layers
from policies.config import TeacherStudentConfig

ENCODER = (64, 32)  # hidden layers of mu
PER_TICK = 32  # numbers that the student keeps of each tick
SUMMARY = (128,)  # hidden layers behind them
FIRST_LATENT = 0.01  # share of what a layer's usual first weights give


class HistoryEncoder(nn.Module):
    """phi: normalised history (batch, ticks, observed), oldest first, -> z (batch, latent).

    The same layer reads every tick, as in the paper; in place of its convolutions over time stands one
    layer over all ticks, of which they are special cases, and which works for any number of them.
    Ticks before the episode are zeros.
    """

    def __init__(self, observed: int, ticks: int, latent: int) -> None:
        super().__init__()
        self.ticks = ticks
        self.tick = layers(observed, (PER_TICK,))
        self.summary = nn.Sequential(layers(PER_TICK * ticks, SUMMARY), nn.Linear(SUMMARY[-1], latent))

    def forward(self, history: Tensor) -> Tensor:
        """Shapes as in the class docstring."""
        z: Tensor = self.summary(self.tick(history).flatten(1))
        return z


class TeacherNetwork(AsymmetricNetwork):
    """Hidden layers of the teacher and its critic, the encoder mu, and the student's phi."""

    def __init__(
        self, observed: int, total: int, hidden: Sequence[int], settings: TeacherStudentConfig
    ) -> None:
        super().__init__(observed, total, hidden, extra=settings.latent)
        told = layers(total - observed, ENCODER)
        self.encoder = nn.Sequential(told, nn.Linear(ENCODER[-1], settings.latent))
        self.student = HistoryEncoder(observed, settings.history, settings.latent)

    def forward_actor(self, everything: Tensor) -> Tensor:
        """What the actor's head takes, of a teacher who knows z."""
        observed = everything[:, : self.observed]
        out: Tensor = self.policy_net(torch.cat([observed, self.latent(everything)], dim=1))
        return out

    def latent(self, everything: Tensor) -> Tensor:
        """z (batch, latent) of what is known."""
        z: Tensor = self.encoder(everything[:, self.observed :])
        return z


class TeacherPolicy(AsymmetricPolicy):
    """Stable-Baselines3's policy around a `TeacherNetwork`."""

    def __init__(self, *arguments: Any, settings: TeacherStudentConfig, **options: Any) -> None:
        self.settings = settings
        super().__init__(*arguments, **options)

    def _build_mlp_extractor(self) -> None:
        network: Any = TeacherNetwork(self.observed, self.features_dim, self.hidden, self.settings)
        self.mlp_extractor = network

    def _build(self, lr_schedule: Any) -> None:
        """Begin with a latent that says next to nothing, so that it comes to say only what helps."""
        super()._build(lr_schedule)
        network: Any = self.mlp_extractor
        for last in (network.encoder[-1], network.student.summary[-1]):
            last.weight.data *= FIRST_LATENT
