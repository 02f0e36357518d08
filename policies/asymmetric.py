"""A critic that sees more than the actor (Pinto et al. 2018, arXiv:1710.06542).

With x what the contract lets a policy see, and e what only a simulator knows:

    actor   a ~ N(pi(x), sigma)        critic   V(x, e)

The critic exists in training alone, so it may know the friction that it judges an action under. Its
estimate gets better and the actor's gradient less noisy; the actor stays deployable.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor, nn

from contract.errors import TerrafirmaError
from sim.domains.domain import Domain
from sim.privileged import privileged_names
from sim.robots.spec import RobotSpec


def layers(inputs: int, hidden: Sequence[int]) -> nn.Sequential:
    """Fully connected layers with ELU behind each: (batch, inputs) -> (batch, width(inputs, hidden))."""
    sizes = [inputs, *hidden]
    modules: list[nn.Module] = []
    for before, after in pairwise(sizes):
        modules += [nn.Linear(before, after), nn.ELU()]
    return nn.Sequential(*modules)


def width(inputs: int, hidden: Sequence[int]) -> int:
    """How many numbers `layers` gives."""
    return hidden[-1] if hidden else inputs


class AsymmetricNetwork(nn.Module):
    """Hidden layers of actor and critic, for normalised (batch, total) whose first `observed` are x.

    The attributes are those that Stable-Baselines3 expects of the part between inputs and heads.
    """

    def __init__(self, observed: int, total: int, hidden: Sequence[int], extra: int = 0) -> None:
        """`extra` more numbers go into the actor than it observes."""
        super().__init__()
        self.observed = observed
        self.policy_net, self.value_net = layers(observed + extra, hidden), layers(total, hidden)
        self.latent_dim_pi, self.latent_dim_vf = width(observed + extra, hidden), width(total, hidden)

    def forward(self, everything: Tensor) -> tuple[Tensor, Tensor]:
        """What the heads of actor and critic take."""
        return self.forward_actor(everything), self.forward_critic(everything)

    def forward_actor(self, everything: Tensor) -> Tensor:
        """Sees the first part only."""
        out: Tensor = self.policy_net(everything[:, : self.observed])
        return out

    def forward_critic(self, everything: Tensor) -> Tensor:
        """Sees all."""
        out: Tensor = self.value_net(everything)
        return out


class AsymmetricPolicy(ActorCriticPolicy):
    """Stable-Baselines3's policy around an `AsymmetricNetwork`.

    Args:
        observed: how many numbers of the observation the actor may see, the first.
    """

    def __init__(self, *arguments: Any, observed: int, **options: Any) -> None:
        self.observed = observed
        super().__init__(*arguments, **options)

    def _build_mlp_extractor(self) -> None:
        network: Any = AsymmetricNetwork(self.observed, self.features_dim, self.hidden)
        self.mlp_extractor = network

    @property
    def hidden(self) -> list[int]:
        """Widths of the hidden layers, the same for actor and critic."""
        assert isinstance(self.net_arch, list)
        return self.net_arch


def require_privileged(robot: RobotSpec, domain: Domain, switch: str) -> None:
    """Refuse to train a network on what there is nothing of.

    Raises:
        TerrafirmaError: the robot's base is fixed and its domain varies nothing.
    """
    if not privileged_names(robot, domain):
        raise TerrafirmaError(
            f"{switch}: {domain.source} varies nothing and the base of {robot.name} is fixed, so there is "
            "nothing that the actor does not see; name a domain with distributions as the source."
        )
