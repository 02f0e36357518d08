"""The learning curve of a run, and the end of it once it is good enough."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from contract.errors import UnknownNameError
from policies.config import StopConfig

Report = Callable[[int, dict[str, float]], None]  # (steps done, latest metrics)
Metrics = Callable[[], dict[str, float]]
WINDOW = 100  # episodes that a mean is over


class LearningCurve(BaseCallback):
    """Append the mean return, success and metrics of recent episodes to `metrics.jsonl`.

    A run that goes on from a checkpoint goes on with its curve: what a killed process wrote after
    its last checkpoint is dropped, for those steps are done again, and seconds add up. `more` are
    metrics of other things: each call gives those of now.
    """

    EVERY = 2.0  # s between two lines

    def __init__(self, path: Path, report: Report, more: Sequence[Metrics] = ()) -> None:
        super().__init__()
        self._path, self._report, self._more = path, report, more
        self._recent: deque[dict[str, float]] = deque(maxlen=WINDOW)
        self.also: dict[str, float] = {}  # what else a line says
        self._started = self._written = time.monotonic()

    def _on_training_start(self) -> None:
        kept = curve_until(self._path, self.num_timesteps)
        if self._path.is_file():
            temporary = self._path.with_name(f".{self._path.name}")
            temporary.write_text("".join(json.dumps(line) + "\n" for line in kept))
            temporary.replace(self._path)
        self._started = time.monotonic() - (kept[-1]["seconds"] if kept else 0.0)

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                episode = {"return": info["episode"]["r"], "success": float(info["success"])}
                self._recent.append(episode | info["metrics"])
        if time.monotonic() - self._written >= self.EVERY:
            self.write()
        return True

    @property
    def full(self) -> bool:
        """Whether the means are over as many episodes as they ever will be."""
        return len(self._recent) == WINDOW

    def means(self) -> dict[str, float]:
        """Of each figure over the recent episodes; {} before the first has ended."""
        if not self._recent:
            return {}
        return {name: float(np.mean([e[name] for e in self._recent])) for name in self._recent[-1]}

    def forget(self) -> None:
        """Begin anew with another policy's episodes."""
        self._recent.clear()

    def write(self) -> None:
        """Add one line with the state of now."""
        self._written = time.monotonic()
        means = self.means() | self.also
        for metrics in self._more:
            means |= metrics()
        if means:
            line = {"steps": self.num_timesteps, "seconds": self._written - self._started} | means
            with self._path.open("a") as stream:
                stream.write(json.dumps(line) + "\n")
        self._report(self.num_timesteps, means)

    def _on_training_end(self) -> None:
        self.write()


def curve_until(path: Path, steps: int) -> list[dict[str, float]]:
    """The whole lines of a curve that are of no more than so many steps."""
    kept = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            values = json.loads(line)
        except ValueError:  # torn when its process was killed
            continue
        if values["steps"] <= steps:
            kept.append(values)
    return kept


class EarlyStop(BaseCallback):
    """End training once the curve has met every bound for `hold` steps on end.

    Counted in steps and looked at whenever an episode ends, so that a seed stops at the same step on
    any machine.
    """

    def __init__(self, config: StopConfig, curve: LearningCurve) -> None:
        super().__init__()
        self._config, self._curve = config, curve
        self._since: int | None = None  # step since which all bounds are met

    def _on_step(self) -> bool:
        if not any("episode" in info for info in self.locals["infos"]):
            return True
        means, config = self._curve.means(), self._config
        for name in (*config.at_most, *config.at_least):
            if name not in means:
                raise UnknownNameError("metric", name, means, "train.stop_at")
        if not self._curve.full or not met(config, means):
            self._since = None
            return True
        if self._since is None:
            self._since = self.num_timesteps
        return self.num_timesteps - self._since < config.hold


def met(config: StopConfig, means: dict[str, float]) -> bool:
    """Whether all bounds hold."""
    return all(means[name] <= bound for name, bound in config.at_most.items()) and all(
        means[name] >= bound for name, bound in config.at_least.items()
    )
