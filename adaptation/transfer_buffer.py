"""A replay buffer that mixes in target transitions and relabels source rewards as it samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

from adaptation.recorded_gap import RecordedGap
from adaptation.transitions import Transitions


class TransferBuffer(ReplayBuffer):
    """Holds source transitions as they happened; the gap enters only at sample time.

    A batch has `target_fraction` target transitions with their own rewards, and source
    transitions with r + ramp * bonus. Relabelled rewards are never stored, because the bonus
    changes while the gap model learns.
    """

    def __init__(
        self,
        *arguments: Any,
        target: Transitions | None = None,
        gap: RecordedGap | None = None,
        target_fraction: float = 0.0,
        **keywords: Any,
    ) -> None:
        super().__init__(*arguments, **keywords)
        self._target, self.gap = target, gap
        self._fraction = target_fraction
        # SB3 seeds numpy's global state and nothing else that a buffer could ask
        self._rng = np.random.default_rng(np.random.randint(2**31))  # noqa: NPY002
        self.mean_bonus = 0.0
        self.ramp = 1.0  # share of the bonus that counts by now

    def source_transitions(self, size: int) -> Transitions:
        """`size` source transitions drawn uniformly, with the source's own rewards."""
        rows = self._rng.integers(0, self.size(), size)
        columns = self._rng.integers(0, self.n_envs, size)
        return Transitions(
            self.observations[rows, columns],
            self.actions[rows, columns],
            self.rewards[rows, columns],
            self.next_observations[rows, columns],
            (self.dones[rows, columns] * (1 - self.timeouts[rows, columns])).astype(bool),
        )

    def sample(self, batch_size: int, env: VecNormalize | None = None) -> ReplayBufferSamples:
        """A batch as SAC wants it; shapes (batch, ·)."""
        from_target = round(self._fraction * batch_size)
        parts = []
        if from_target < batch_size:
            parts.append(self._relabelled(self.source_transitions(batch_size - from_target)))
        if from_target:
            assert self._target is not None, "a target fraction needs target transitions"
            parts.append(_samples(self._target.sample(from_target, self._rng)))
        if len(parts) == 1:
            return parts[0]
        merged = [torch.cat(columns) for columns in zip(*(p[:5] for p in parts), strict=True)]
        return ReplayBufferSamples(*merged)

    def _relabelled(self, source: Transitions) -> ReplayBufferSamples:
        samples = _samples(source)
        if self.gap is None:
            return samples
        bonus = self.gap.bonus(source)
        self.mean_bonus = float(bonus.mean())
        return samples._replace(rewards=samples.rewards + self.ramp * torch.from_numpy(bonus)[:, None])


def _samples(batch: Transitions) -> ReplayBufferSamples:
    return ReplayBufferSamples(
        torch.from_numpy(batch.observation),
        torch.from_numpy(batch.action),
        torch.from_numpy(batch.next_observation),
        torch.from_numpy(batch.terminated.astype(np.float32))[:, None],
        torch.from_numpy(batch.reward)[:, None],
    )
