"""Soft actor-critic (Haarnoja et al. 2018, arXiv:1812.05905) of several seeds at once.

    y = r + γ (1 - d) (min_i Q'_i(s', a') - α log π(a'|s')),   a' ~ π(·|s')
    L(Q_i) = ½ mean w (Q_i(s, a) - y)²
    L(π)   = mean (α log π(a|s) - min_i Q_i(s, a)),            a ~ π(·|s)
    L(α)   = -mean log α (log π(a|s) + H),                     H = -|A|

with a weight w for each transition, 1 unless a method says otherwise. Where some are doubted, with shares ω,
the critics' loss has a penalty on their values more (conservative Q-learning, Kumar et al. 2020,
arXiv:2006.04779, as H2O weights it), and a bonus for those of the others, which are known to be the target's:

    β ( log Σ_doubted ω exp Q_i(s, a) - mean_others Q_i(s, a) )

An update is that of
Stable-Baselines3 in the same order; a test holds them together. Small networks on a CPU spend most of
their time between products, which several seeds then share.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor, nn

from adaptation.stacked.batch import Batch
from adaptation.stacked.mlp import StackedMlp
from adaptation.stacked.noise import Noise
from adaptation.stacked.parts import InParts, Part
from policies.config import Strict

LOG_STD = -20.0, 2.0
SQUASH = 1e-6  # as in Stable-Baselines3: log(1 - tanh² + SQUASH)
CRITICS = 2


class StackedSacConfig(Strict):
    """Settings that all seeds share."""

    hidden: tuple[PositiveInt, ...] = (256, 256)
    learning_rate: PositiveFloat = 3e-4
    batch_size: PositiveInt = 256
    gamma: float = Field(0.99, gt=0, lt=1)
    tau: float = Field(0.005, gt=0, le=1)
    entropy_coefficient: PositiveFloat | None = None  # None: learned
    penalty: PositiveFloat = 0.01  # β, on the values of doubted transitions


class StackedSac(InParts):
    """Actors, critics and their optimisers; `observation` and `action` are sizes."""

    def __init__(self, seeds: Sequence[int], observation: int, action: int, config: StackedSacConfig) -> None:
        self.config, self._seeds, self._actions = config, len(seeds), action
        self._noise = Noise(seeds)
        self.actor = StackedMlp(self._noise.generators, observation, config.hidden, 2 * action)
        # critic i of seed s is copy i S + s
        self.critic = StackedMlp(self._noise.generators * CRITICS, observation + action, config.hidden, 1)
        self.critic_target = copy.deepcopy(self.critic).requires_grad_(False)
        first = config.entropy_coefficient or 1.0
        self.log_alpha = nn.Parameter(torch.full((self._seeds,), math.log(first)))
        rate = config.learning_rate
        self._optimizers = {
            "actor": torch.optim.Adam(self.actor.parameters(), rate, fused=True),
            "critic": torch.optim.Adam(self.critic.parameters(), rate, fused=True),
            "alpha": torch.optim.Adam([self.log_alpha], rate, fused=True),
        }

    @torch.no_grad()
    def act(self, observation: Tensor, explore: bool) -> Tensor:
        """Actions (S, N, action_size) in [-1, 1] for observations (S, N, observation_size)."""
        return self._sample(observation, noise=explore)[0]

    def update(
        self, batch: Batch, weight: Tensor | None = None, doubt: Tensor | None = None
    ) -> dict[str, Tensor]:
        """One step of every network; returns losses (S,).

        Args:
            weight: w (S, N).
            doubt: ω (S, D) of the first D transitions, with sum 1.
        """
        alpha = self.log_alpha.detach().exp()[:, None]
        action, log_prob = self._sample(batch.observation)
        if self.config.entropy_coefficient is None:
            surplus = (log_prob.detach() - self._actions).mean(dim=1)
            self._step("alpha", -(self.log_alpha * surplus).sum())
        with torch.no_grad():
            following, following_log_prob = self._sample(batch.next_observation)
            ahead = self._values(self.critic_target, batch.next_observation, following).amin(dim=0)
            ahead -= alpha * following_log_prob
            goal = batch.reward + self.config.gamma * (1.0 - batch.terminated) * ahead
        values = self._values(self.critic, batch.observation, batch.action)
        errors = (values - goal) ** 2
        critic_loss = 0.5 * (errors if weight is None else weight * errors).mean(dim=2).sum(dim=0)
        if doubt is not None:
            critic_loss = critic_loss + self.config.penalty * _excess(values, doubt).sum(dim=0)
        self._step("critic", critic_loss.sum())
        with _Frozen(self.critic):
            value = self._values(self.critic, batch.observation, action).amin(dim=0)
            actor_loss = (alpha * log_prob - value).mean(dim=1)
            self._step("actor", actor_loss.sum())
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.critic_target.parameters()), list(self.critic.parameters()), self.config.tau
            )
        return {"critic_loss": critic_loss.detach(), "actor_loss": actor_loss.detach()}

    @torch.no_grad()
    def state_value(self, observation: Tensor) -> Tensor:
        """min_i Q_i(s, a) (S, N) of what the policy does without noise in states (S, N, observation_size)."""
        action = self._sample(observation, noise=False)[0]
        return self._values(self.critic, observation, action).amin(dim=0)

    def _sample(self, observation: Tensor, noise: bool = True) -> tuple[Tensor, Tensor]:
        """Actions (S, N, action_size) and log π (S, N); without noise the mean's."""
        mean, log_std = self.actor(observation).chunk(2, dim=2)
        if not noise:
            return torch.tanh(mean), torch.zeros(())
        log_std = log_std.clamp(*LOG_STD)
        drawn = self._noise.normal(*mean.shape[1:])
        action = torch.tanh(mean + log_std.exp() * drawn)
        density = -0.5 * drawn**2 - log_std - 0.5 * math.log(2.0 * math.pi)
        return action, (density - torch.log(1.0 - action**2 + SQUASH)).sum(dim=2)

    def _values(self, critic: StackedMlp, observation: Tensor, action: Tensor) -> Tensor:
        """(CRITICS, S, N)."""
        asked = torch.cat([observation, action], dim=2).repeat(CRITICS, 1, 1)
        values: Tensor = critic(asked)
        return values.view(CRITICS, self._seeds, -1)

    def _step(self, name: str, loss: Tensor) -> None:
        optimizer = self._optimizers[name]
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    @property
    def parts(self) -> dict[str, Part]:
        networks = {"actor": self.actor, "critic": self.critic, "critic_target": self.critic_target}
        alpha = nn.ParameterList([self.log_alpha])
        optimizers = {f"{name} optimizer": each for name, each in self._optimizers.items()}
        return {**networks, **optimizers, "alpha": alpha, "noise": self._noise}


def _excess(values: Tensor, doubt: Tensor) -> Tensor:
    """How much more the doubted of values (CRITICS, S, N) promise than the others: (CRITICS, S)."""
    doubted, others = values[..., : doubt.shape[1]], values[..., doubt.shape[1] :]
    promised = torch.logsumexp(doubted + doubt.log(), dim=2)
    return promised - others.mean(dim=2) if others.shape[2] else promised


class _Frozen:
    """Within it a network's parameters get no gradients, which halves what a loss through it costs."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network

    def __enter__(self) -> None:
        self._network.requires_grad_(False)

    def __exit__(self, *_: object) -> None:
        self._network.requires_grad_(True)
