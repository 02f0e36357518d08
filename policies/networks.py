"""The graph that leaves the training process: normaliser, actor and action scale in one module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import VecNormalize
from torch import Tensor, nn

from contract.record import RecurrentState
from policies.asymmetric import AsymmetricNetwork
from policies.learners import Learner
from policies.teacher import HistoryEncoder, TeacherNetwork


class Deployed(nn.Module):
    """observation (batch, observation_size) and states -> action (batch, joints) rad and the next states."""

    recurrent_state: tuple[RecurrentState, ...] = ()


class DeployedPolicy(Deployed):
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
        return self.act(self.normalise(observation))

    def normalise(self, observation: Tensor) -> Tensor:
        """What the network was trained on, (batch, observation_size)."""
        normalised = (observation - self.mean) / self.deviation
        return normalised if self.limit is None else normalised.clamp(-self.limit, self.limit)

    def act(self, features: Tensor) -> Tensor:
        """Action (batch, joints) in rad for what the actor takes."""
        action: Tensor = self.actor(features)
        return action.clamp(-1.0, 1.0) * self.scale


class DeployedRecurrentPolicy(Deployed):
    """observation (batch, observation_size), state (batch, 2n) -> action (batch, joints) in rad, state.

    The state is (h, c) of an LSTM of n units (Hochreiter & Schmidhuber 1997) side by side, zeros at the
    start of an episode. With x the normalised observation and σ the logistic function:

        i, f, g, o = σ, σ, tanh, σ of W x + b + U h + d
        c' = f c + i g        h' = o tanh(c')        a = scale * clip(actor(h'), -1, 1)

    Written out, because one step of one layer is two products and no loop, for any runtime.
    """

    def __init__(self, lstm: nn.LSTM, policy: DeployedPolicy) -> None:
        super().__init__()
        self.policy = policy
        self.seen = _linear(lstm.weight_ih_l0, lstm.bias_ih_l0)
        self.kept = _linear(lstm.weight_hh_l0, lstm.bias_hh_l0)
        self.recurrent_state = (RecurrentState("state", (1, 2 * lstm.hidden_size)),)

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes as in the class docstring."""
        hidden, cell = state.chunk(2, dim=1)
        gates: Tensor = self.seen(self.policy.normalise(observation)) + self.kept(hidden)
        take, forget, new, show = gates.chunk(4, dim=1)
        cell = forget.sigmoid() * cell + take.sigmoid() * new.tanh()
        hidden = show.sigmoid() * cell.tanh()
        return self.policy.act(hidden), torch.cat([hidden, cell], dim=1)


class DeployedStudent(Deployed):
    """observation (batch, observation_size), history (batch, H, observation_size) -> action (rad), history.

    The history is the last H normalised observations x, oldest first, zeros where an episode has none yet:

        h' = (h_2, ..., h_H, x)        a = scale * clip(actor(x, phi(h')), -1, 1)
    """

    def __init__(self, encoder: HistoryEncoder, policy: DeployedPolicy) -> None:
        super().__init__()
        self.encoder, self.policy = encoder, policy
        shape = (1, encoder.ticks, policy.mean.shape[0])
        self.recurrent_state = (RecurrentState("history", shape),)

    def forward(self, observation: Tensor, history: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes as in the class docstring."""
        seen = self.policy.normalise(observation)
        history = torch.cat([history[:, 1:], seen[:, None]], dim=1)
        return self.policy.act(torch.cat([seen, self.encoder(history)], dim=1)), history


def _linear(weight: Any, bias: Any) -> nn.Linear:
    """The layer x -> weight x + bias, on the very same parameters."""
    layer = nn.Linear(*reversed(weight.shape))
    layer.weight, layer.bias = weight, bias
    return layer


def deployed_policy(model: Learner, normaliser: VecNormalize | None, scale: Sequence[float]) -> Deployed:
    """The deterministic policy of a trained model, on the CPU and in evaluation mode."""
    size = int(model.observation_space.shape[0])  # type: ignore[index]
    mean, deviation, limit = torch.zeros(size), torch.ones(size), None
    if normaliser is not None:
        statistics: Any = normaliser.obs_rms
        mean = torch.tensor(statistics.mean, dtype=torch.float32)
        deviation = torch.tensor(statistics.var, dtype=torch.float32).add(normaliser.epsilon).sqrt()
        limit = normaliser.clip_obs
    network: Any = None if isinstance(model, SAC) else model.policy.mlp_extractor
    if isinstance(network, AsymmetricNetwork):  # nothing privileged leaves
        mean, deviation = mean[: network.observed], deviation[: network.observed]
    if isinstance(model, SAC):
        actor = nn.Sequential(model.policy.actor.latent_pi, model.policy.actor.mu, nn.Tanh())
    else:
        actor = nn.Sequential(network.policy_net, model.policy.action_net)
    policy = DeployedPolicy(actor, mean, deviation, scale, limit)
    if isinstance(model, RecurrentPPO):
        lstm: Any = model.policy.lstm_actor
        return DeployedRecurrentPolicy(lstm, policy).cpu().eval()
    if isinstance(network, TeacherNetwork):
        return DeployedStudent(network.student, policy).cpu().eval()
    return policy.cpu().eval()
