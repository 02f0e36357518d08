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
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from adaptation.transitions import Floats, Transitions
from contract.errors import TerrafirmaError

SOURCE, TARGET = 0, 1  # class labels


@dataclass(frozen=True)
class ClassifierConfig:
    """Settings; noises are deviations of Gaussian noise on normalised inputs while training.

    With deterministic dynamics the noise on s' - s is what keeps Δr finite and gives it a slope:
    Δr = -|f_source - f_target|² / (2 change_noise²).
    """

    hidden: tuple[int, ...] = (64, 64)
    change_noise: float = 1.0
    state_action_noise: float = 1.0
    learning_rate: float = 1e-3
    batch_size: int = 128  # from each domain


class DarcClassifiers:
    """A GapModel. Inputs are normalised, s' enters as s' - s.

    s and a are normalised with the deviation of both domains together, that of the first `fit`.
    With the target's own, a joint that cannot move there would tell the domains apart by its
    position alone, through any noise; the (s, a) classifier would be certain, and Δr without evidence.
    s' - s is normalised with the target's deviation: what the target never does stands out.

    Args:
        columns: entries of the observation to look at; all by default.
    """

    def __init__(
        self,
        target: Transitions,
        config: ClassifierConfig,
        seed: int,
        columns: NDArray[np.intp] | None = None,
    ) -> None:
        self._config = config
        size = target.observation.shape[1]
        self._columns = np.arange(size) if columns is None else columns
        self._rng = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)
        state, action = len(self._columns), target.action.shape[1]
        self._state_action_size = state + action
        self._mean, self._deviation = torch.zeros(0), torch.ones(0)
        self._noise = torch.full((2 * state + action,), config.state_action_noise)
        self._noise[state + action :] = config.change_noise
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.state_action = _mlp(state + action, config.hidden)
            self.correction = _mlp(2 * state + action, config.hidden)
        parameters = [*self.state_action.parameters(), *self.correction.parameters()]
        self._optimizer = torch.optim.Adam(parameters, lr=config.learning_rate)

    def _raw(self, batch: Transitions) -> list[Floats]:
        state = batch.observation[:, self._columns]
        return [state, batch.action, batch.next_observation[:, self._columns] - state]

    def _normalise_by(self, source: Transitions, target: Transitions) -> None:
        here, there = (np.concatenate(self._raw(batch), axis=1) for batch in (source, target))
        apart = here.mean(0) - there.mean(0)
        deviation = np.sqrt((here.var(0) + there.var(0)) / 2 + (apart / 2) ** 2)  # of a fair mixture
        change = slice(self._state_action_size, None)
        deviation[change] = there.std(0)[change]
        # an input that never varies must not explode
        self._deviation = torch.tensor(np.maximum(deviation, 1e-3))
        self._mean = torch.tensor(there.mean(0))

    def _inputs(self, batch: Transitions) -> Tensor:
        return (torch.from_numpy(np.concatenate(self._raw(batch), axis=1)) - self._mean) / self._deviation

    def _logits(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, 2) of the (s, a) classifier and of the correction."""
        return self.state_action(inputs[:, : self._state_action_size]), self.correction(inputs)

    def fit(self, source: Transitions, target: Transitions, updates: int) -> dict[str, float]:
        """Gradient steps on CE(s, a) + CE(s, a, s'); returns the mean loss of each."""
        if not len(self._mean):
            self._normalise_by(source, target)
        size = self._config.batch_size
        labels = torch.tensor([SOURCE] * size + [TARGET] * size)
        losses = np.zeros(2)
        for _ in range(updates):
            batches = [self._inputs(d.sample(size, self._rng)) for d in (source, target)]
            inputs = torch.cat(batches)
            # independent noise for the two classifiers, as in the authors' code
            noisy = [
                inputs + self._noise * torch.randn(inputs.shape, generator=self._generator) for _ in range(2)
            ]
            state_action = functional.cross_entropy(self._logits(noisy[0])[0], labels)
            logits, correction = self._logits(noisy[1])
            full = functional.cross_entropy(logits + correction, labels)
            self._optimizer.zero_grad()
            (state_action + full).backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            losses += state_action.item(), full.item()
        loss_sa, loss_sas = losses / max(updates, 1)
        return {"loss_sa": float(loss_sa), "loss_sas": float(loss_sas)}

    @torch.no_grad()
    def delta_r(self, transitions: Transitions) -> Floats:
        """Δr (N,) without input noise; `fit` comes first."""
        if not len(self._mean):
            raise TerrafirmaError("Δr is asked for before the classifiers have seen any transition.")
        return _log_odds(self.correction(self._inputs(transitions))).numpy()


def _log_odds(logits: Tensor) -> Tensor:
    """Log-odds (N,) of TARGET against SOURCE."""
    return logits[:, TARGET] - logits[:, SOURCE]


def _mlp(inputs: int, hidden: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 2))
