"""What happens between updates: learning-rate schedule, learning curve, checkpoints, progress."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from policies.checkpoint import Stateful, save_checkpoint

Report = Callable[[int, dict[str, float]], None]  # (steps done, latest metrics)
Metrics = Callable[[], dict[str, float]]


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


class LearningCurve(BaseCallback):
    """Append the mean return, success and metrics of recent episodes to `metrics.jsonl`.

    `more` are metrics of other things: each call gives those of now.
    """

    def __init__(
        self,
        path: Path,
        report: Report,
        more: Sequence[Metrics] = (),
        every_seconds: float = 2.0,
        window: int = 100,
    ) -> None:
        super().__init__()
        self._path, self._report, self._more, self._every = path, report, more, every_seconds
        self._recent: deque[dict[str, float]] = deque(maxlen=window)
        self._started = self._written = time.monotonic()

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                episode = {"return": info["episode"]["r"], "success": float(info["success"])}
                self._recent.append(episode | info["metrics"])
        if time.monotonic() - self._written >= self._every:
            self.write()
        return True

    def write(self) -> None:
        """Add one line with the state of now."""
        self._written = time.monotonic()
        if not self._recent:
            self._report(self.num_timesteps, {})
            return
        means = {name: float(np.mean([e[name] for e in self._recent])) for name in self._recent[-1]}
        for metrics in self._more:
            means |= metrics()
        line = {"steps": self.num_timesteps, "seconds": self._written - self._started} | means
        with self._path.open("a") as stream:
            stream.write(json.dumps(line) + "\n")
        self._report(self.num_timesteps, means)

    def _on_training_end(self) -> None:
        self.write()


class Checkpoints(BaseCallback):
    """Keep the newest training state on disk, so that a killed run can go on."""

    def __init__(self, path: Path, widening: Stateful | None = None, every_seconds: float = 60.0) -> None:
        super().__init__()
        self._path, self._widening, self._every = path, widening, every_seconds
        self._saved = time.monotonic()

    def _on_step(self) -> bool:
        if time.monotonic() - self._saved >= self._every:
            self.save()
        return True

    def save(self) -> None:
        """Write the checkpoint now."""
        model: Any = self.model
        save_checkpoint(self._path, model, model.get_vec_normalize_env(), self._widening)
        self._saved = time.monotonic()

    def _on_training_end(self) -> None:
        self.save()
