"""What happens between updates: learning-rate schedules and checkpoints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from policies.checkpoint import Stateful, save_checkpoint


class AdaptiveLearningRate(BaseCallback):
    """Divide the rate by 1.5 above twice the desired KL, multiply by 1.5 below half of it.

    The rule is legged_gym's, applied once a rollout to the mean KL that the update reported.
    """

    LOW, HIGH, FACTOR = 1e-5, 1e-2, 1.5

    def __init__(self, initial: float, desired_kl: float) -> None:
        super().__init__()
        self._rate, self._desired = initial, desired_kl

    def _on_training_start(self) -> None:
        model: Any = self.model
        optimizer = model.policy.optimizer
        if optimizer.state:  # it has worked before: a run that is resumed goes on at its rate
            self._rate = optimizer.param_groups[0]["lr"]
        model.lr_schedule = lambda _: self._rate

    def _on_rollout_start(self) -> None:
        kl = self.logger.name_to_value.get("train/approx_kl", 0.0)
        if kl > 2.0 * self._desired:
            self._rate = max(self.LOW, self._rate / self.FACTOR)
        elif 0.0 < kl < self._desired / 2.0:
            self._rate = min(self.HIGH, self._rate * self.FACTOR)

    def _on_step(self) -> bool:
        return True


LAST_RATE = 0.2  # of the initial learning rate; a policy that ends in a whirl is luck


def falling_rate(initial: float, done: float) -> float:
    """Learning rate after the share `done` of the work."""
    return initial * max(LAST_RATE, 1.0 - done)


class LinearLearningRate(BaseCallback):
    """Let the rate fall over `steps`."""

    def __init__(self, initial: float, steps: int, first_step: int = 0) -> None:
        super().__init__()
        self._initial, self._steps, self._first = initial, steps, first_step

    def _on_training_start(self) -> None:
        model: Any = self.model
        model.lr_schedule = self._rate

    def _rate(self, _: float) -> float:
        return falling_rate(self._initial, (self.num_timesteps - self._first) / self._steps)

    def _on_step(self) -> bool:
        return True


class Checkpoints(BaseCallback):
    """Keep the newest training state on disk, so that a killed run can go on.

    They are taken between rollouts: the steps of half a rollout would count, and nothing learn from them.
    A large replay buffer takes long to write: the pause between two checkpoints grows with that.
    """

    LEAST, MOST = 5.0, 60.0  # s between two
    SHARE = 0.01  # of the time, spent on writing

    def __init__(self, path: Path, widening: Stateful | None = None) -> None:
        super().__init__()
        self._path, self._widening, self._every = path, widening, self.LEAST
        self._saved = time.monotonic()

    def _on_rollout_start(self) -> None:
        if time.monotonic() - self._saved >= self._every:
            self.save()

    def _on_step(self) -> bool:
        return True

    def save(self) -> None:
        """Write the checkpoint now."""
        model: Any = self.model
        started = time.monotonic()
        save_checkpoint(self._path, model, model.get_vec_normalize_env(), self._widening)
        self._saved = time.monotonic()
        self._every = min(self.MOST, max(self.LEAST, (self._saved - started) / self.SHARE))

    def _on_training_end(self) -> None:
        self.save()
