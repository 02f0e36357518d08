"""The graph that leaves the training process: normaliser, actor and action scale in one module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.vec_env import VecNormalize
from torch import Tensor, nn


class DeployedPolicy(nn.Module):
    """observation (batch, observation_size) -> action (batch, joints) in rad.

    a = scale * clip(actor(clip((o - mean) / deviation, ± limit)), -1, 1), where a limit of None
    leaves the observation as it is: the graph does what was trained, no more.
    """

    mean: Tensor
    deviation: Tensor
    scale: Tensor

    def __init__(
        self,
        actor: nn.Module,
        mean: Tensor,
        deviation: Tensor,
        scale: Sequence[float],
        limit: float | None = None,
    ) -> None:
        super().__init__()
        self.actor, self.limit = actor, limit
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))

    def forward(self, observation: Tensor) -> Tensor:
        """Shapes as in the class docstring."""
        normalised = (observation - self.mean) / self.deviation
        if self.limit is not None:
            normalised = normalised.clamp(-self.limit, self.limit)
        action: Tensor = self.actor(normalised)
        return action.clamp(-1.0, 1.0) * self.scale


def deployed_policy(
    model: SAC | PPO, normaliser: VecNormalize | None, scale: Sequence[float]
) -> DeployedPolicy:
    """The deterministic policy of a trained model, on the CPU and in evaluation mode."""
    size = int(model.observation_space.shape[0])  # type: ignore[index]
    mean, deviation, limit = torch.zeros(size), torch.ones(size), None
    if normaliser is not None:
        statistics: Any = normaliser.obs_rms
        mean = torch.tensor(statistics.mean, dtype=torch.float32)
        deviation = torch.tensor(statistics.var, dtype=torch.float32).add(normaliser.epsilon).sqrt()
        limit = normaliser.clip_obs
    if isinstance(model, SAC):
        actor = nn.Sequential(model.policy.actor.latent_pi, model.policy.actor.mu, nn.Tanh())
    else:
        actor = nn.Sequential(model.policy.mlp_extractor.policy_net, model.policy.action_net)
    return DeployedPolicy(actor, mean, deviation, scale, limit).cpu().eval()
