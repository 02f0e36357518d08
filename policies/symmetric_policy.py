"""A policy that cannot tell left from right (an equivariant one, e.g. Su et al. 2024, arXiv:2403.17320).

With M the mirror (`policies.symmetry`), f and v any networks:

    pi(x) = (f(x) + M f(M x)) / 2        V(x) = (v(x) + v(M x)) / 2

so that pi(M x) = M pi(x) and V(M x) = V(x), whatever the weights; a joint explores as much as its image.
What is learned on one side is known on the other. Images of samples in each update ("augmentation",
arXiv:2403.04359) would ask for no other network, but nothing keeps the policy symmetric, and where it is
not, the images are not its own: the learning rate, which follows the divergence, then falls to a third, or
with the images' own probabilities the training comes apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.distributions import Distribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.running_mean_std import RunningMeanStd
from torch import Tensor, nn

from contract.state import Array
from policies.asymmetric import layers, width
from policies.symmetry import Mirror, Reflection, reflect


class Image(nn.Module):
    """M x for rows x (batch, n)."""

    index: Tensor
    signs: Tensor

    def __init__(self, reflection: Reflection) -> None:
        super().__init__()
        index, signs = reflection
        self.register_buffer("index", torch.as_tensor(index))
        self.register_buffer("signs", torch.as_tensor(signs, dtype=torch.float32))

    def forward(self, rows: Tensor) -> Tensor:
        """Shapes as in the class docstring."""
        return rows[:, self.index] * self.signs


class BothSides(nn.Module):
    """Hidden layers h: (batch, n) -> (batch, 2 width), which is h(x) and behind it h(M x)."""

    def __init__(self, hidden: nn.Module, reflection: Reflection) -> None:
        super().__init__()
        self.hidden, self.image = hidden, Image(reflection)

    def forward(self, rows: Tensor) -> Tensor:
        """Shapes as in the class docstring."""
        return torch.cat([self.hidden(rows), self.hidden(self.image(rows))], dim=1)


class SymmetricHead(nn.Module):
    """The actor's last layer L: (batch, 2 width) -> (L h(x) + M L h(M x)) / 2."""

    def __init__(self, linear: nn.Module, reflection: Reflection) -> None:
        super().__init__()
        self.linear, self.image = linear, Image(reflection)

    def forward(self, sides: Tensor) -> Tensor:
        """Shapes as in the class docstring."""
        own, other = sides.chunk(2, dim=1)
        mean: Tensor = 0.5 * (self.linear(own) + self.image(self.linear(other)))
        return mean


class SymmetricNetwork(nn.Module):
    """Hidden layers of actor and critic; the attributes are those that Stable-Baselines3 expects."""

    def __init__(self, inputs: int, hidden: Sequence[int], mirror: Mirror) -> None:
        super().__init__()
        self.policy_net = BothSides(layers(inputs, hidden), mirror.observation)
        self.value_net = BothSides(layers(inputs, hidden), mirror.observation)
        self.latent_dim_pi = self.latent_dim_vf = width(inputs, hidden)  # of one side

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """What the heads of actor and critic take."""
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: Tensor) -> Tensor:
        """Both sides, for `SymmetricHead`."""
        out: Tensor = self.policy_net(features)
        return out

    def forward_critic(self, features: Tensor) -> Tensor:
        """Their mean: the head is linear, so what it makes of that is the mean of both values."""
        own, other = self.value_net(features).chunk(2, dim=1)
        mean: Tensor = 0.5 * (own + other)
        return mean


class SymmetricPolicy(ActorCriticPolicy):
    """Stable-Baselines3's policy around a `SymmetricNetwork`."""

    def __init__(self, *arguments: Any, mirror: Mirror, **options: Any) -> None:
        self.mirror = mirror
        super().__init__(*arguments, **options)

    def _build_mlp_extractor(self) -> None:
        assert isinstance(self.net_arch, list)
        network: Any = SymmetricNetwork(self.features_dim, self.net_arch, self.mirror)
        self.mlp_extractor = network

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        head: Any = SymmetricHead(self.action_net, self.mirror.action)  # the optimiser knows the layer in it
        self.action_net = head

    def _get_action_dist_from_latent(self, latent_pi: Tensor) -> Distribution:
        """The head's mean, and for the deviation of a joint the geometric mean of its own and its image's."""
        own = self.log_std
        log_std = 0.5 * (own + own[torch.as_tensor(self.mirror.action[0])])
        return self.action_dist.proba_distribution(self.action_net(latent_pi), log_std)


class SymmetricStatistics(RunningMeanStd):
    """Mean and variance of observations and their images, so that a normalised image is the image's own."""

    def __init__(self, reflection: Reflection) -> None:
        super().__init__(shape=(len(reflection[0]),))
        self._reflection = reflection

    def update(self, arr: Array) -> None:
        super().update(np.concatenate([arr, reflect(arr, self._reflection)]))
