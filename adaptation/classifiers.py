"""DARC's pair of domain classifiers.

Eysenbach et al. 2021, "Off-Dynamics Reinforcement Learning: Training for Transfer with Domain
Classifiers", arXiv:2006.13916. Two classifiers tell source from target, one from (s, a), one
from (s, a, s'). Bayes' rule turns them into the dynamics gap

    Δr = log p(tar|s,a,s') - log p(src|s,a,s') - log p(tar|s,a) + log p(src|s,a).

The (s, a, s') logits are the (s, a) logits plus a correction network, as in the authors' code,
so Δr is the difference of the correction's two logits. Logits go into the cross entropy as they
are: it applies the softmax itself, once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from adaptation.transitions import Floats, Transitions

SOURCE, TARGET = 0, 1  # class labels


@dataclass(frozen=True)
class ClassifierConfig:
    """Settings; `noise` is the deviation of Gaussian noise on normalised inputs while training."""

    hidden: tuple[int, ...] = (64, 64)
    noise: float = 1.0
    learning_rate: float = 1e-3
    batch_size: int = 128  # from each domain


class DarcClassifiers:
    """A GapModel. Inputs are normalised with the target's mean and deviation, s' enters as s' - s."""

    def __init__(self, target: Transitions, config: ClassifierConfig, seed: int) -> None:
        self._config = config
        self._rng = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)
        state, action = target.observation.shape[1], target.action.shape[1]
        self._normalise_by(target)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.state_action = _mlp(state + action, config.hidden)
            self.correction = _mlp(2 * state + action, config.hidden)
        parameters = [*self.state_action.parameters(), *self.correction.parameters()]
        self._optimizer = torch.optim.Adam(parameters, lr=config.learning_rate)

    def _normalise_by(self, target: Transitions) -> None:
        change = target.next_observation - target.observation
        columns = [target.observation, target.action, change]
        self._mean = torch.tensor(np.concatenate([c.mean(0) for c in columns]))
        # an input that never varies in the target (a fixed command's change) must not explode
        deviation = np.concatenate([np.maximum(c.std(0), 1e-3) for c in columns])
        self._deviation = torch.tensor(deviation)

    def _inputs(self, batch: Transitions) -> Tensor:
        change = batch.next_observation - batch.observation
        raw = np.concatenate([batch.observation, batch.action, change], axis=1)
        return (torch.from_numpy(raw) - self._mean) / self._deviation

    def _logits(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, 2) of the (s, a) and of the (s, a, s') classifier."""
        state = (inputs.shape[1] - self._action_size(inputs)) // 2
        state_action: Tensor = self.state_action(inputs[:, : inputs.shape[1] - state])
        return state_action, state_action + self.correction(inputs)

    def _action_size(self, inputs: Tensor) -> int:
        first: nn.Linear = self.state_action[0]  # type: ignore[assignment]
        return 2 * first.in_features - inputs.shape[1]

    def fit(self, source: Transitions, target: Transitions, updates: int) -> dict[str, float]:
        """Gradient steps on CE(s, a) + CE(s, a, s'); returns the mean loss of each."""
        size = self._config.batch_size
        labels = torch.tensor([SOURCE] * size + [TARGET] * size)
        losses = np.zeros(2)
        for _ in range(updates):
            batches = [self._inputs(d.sample(size, self._rng)) for d in (source, target)]
            inputs = torch.cat(batches)
            # independent noise for the two classifiers, as in the authors' code
            noisy = [
                inputs + self._config.noise * torch.randn(inputs.shape, generator=self._generator)
                for _ in range(2)
            ]
            state_action = functional.cross_entropy(self._logits(noisy[0])[0], labels)
            full = functional.cross_entropy(self._logits(noisy[1])[1], labels)
            self._optimizer.zero_grad()
            (state_action + full).backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            losses += state_action.item(), full.item()
        loss_sa, loss_sas = losses / max(updates, 1)
        return {"loss_sa": float(loss_sa), "loss_sas": float(loss_sas)}

    @torch.no_grad()
    def delta_r(self, transitions: Transitions) -> Floats:
        """Δr (N,) without input noise."""
        state_action, full = self._logits(self._inputs(transitions))
        log_odds = (full - state_action)[:, TARGET] - (full - state_action)[:, SOURCE]
        return log_odds.numpy()


def _mlp(inputs: int, hidden: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 2))
