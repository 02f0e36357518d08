"""Widens the domain's randomization between rollouts: what happens around DORAEMON's update."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback

from contract.state import Array
from policies.config import WideningConfig
from policies.doraemon import Betas, Trials, update
from sim.domains.domain import Domain
from sim.domains.widening import WideningDomain
from sim.vector.base import RobotVecEnv


class Widening(BaseCallback):
    """Counts episodes and successes, and moves the distribution after every `config.episodes` of them.

    It does not move before the policy has once succeeded often enough where it starts. An episode that
    began before a move is weighted by the density that it was drawn from.
    """

    def __init__(self, config: WideningConfig, domain: WideningDomain) -> None:
        super().__init__()
        self._config, self._domain = config, domain
        self.betas = Betas(*domain.start(), domain.owner)
        self._moving = False
        self._success: float | None = None  # share, over the episodes of the last look
        self._past: list[tuple[int, Betas]] = []  # (calls until then, what was drawn from after)
        self._trials: list[tuple[Array, float, float]] = []

    @property
    def stage(self) -> Domain:
        """The domain to draw from now."""
        return self._domain.at(self.betas.a, self.betas.b)

    def metrics(self) -> dict[str, float]:
        """For the learning curve; width 1 and entropy 0 are all that the domain's file allows."""
        shape = {"widening_width": self.betas.width, "widening_entropy": self.betas.entropy}
        return shape if self._success is None else shape | {"widening_success": self._success}

    def state(self) -> dict[str, Any]:
        """For a checkpoint: the distribution, not the episodes since its last move."""
        moving = torch.tensor(self._moving)
        return {"a": torch.tensor(self.betas.a), "b": torch.tensor(self.betas.b), "moving": moving}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a checkpoint's; raises ValueError if it is of other settings."""
        a, b = state["a"].numpy(), state["b"].numpy()
        if a.shape != self.betas.a.shape:
            raise ValueError(f"it widened {len(a)} settings, this domain has {len(self.betas.a)}")
        self.betas = Betas(a, b, self.betas.owner)
        self._moving = bool(state["moving"])

    def _on_training_start(self) -> None:
        self._past = [(-1, self.betas)]  # the resets before the first call draw from it too

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info and "parameters" in info:  # a worker that was lost tells of neither
                self._count(info)
        return True

    def _count(self, info: dict[str, Any]) -> None:
        began = self.n_calls - info["episode"]["l"]
        betas = next(betas for calls, betas in reversed(self._past) if calls < began)
        quantiles = self._domain.quantiles(info["parameters"])
        least = self._config.least_return
        good = info["success"] if least is None else info["episode"]["r"] >= least
        self._trials.append((quantiles, float(betas.log_density(quantiles[None])[0]), float(good)))

    def _on_rollout_start(self) -> None:
        """Between rollouts, so that each is played in one distribution, but for episodes that go on."""
        if len(self._trials) < self._config.episodes:
            return
        quantiles, log_density, success = (np.array(column) for column in zip(*self._trials, strict=True))
        self._trials = []
        self._success = float(success.mean())
        self._moving = self._moving or self._success >= self._config.success
        if not self._moving:
            return
        trials = Trials(quantiles, log_density, success)
        self.betas = update(self.betas, trials, self._config.success, self._config.trust)
        oldest = self.n_calls - self._environments.episode_steps
        recent = [entry for entry in self._past if entry[0] >= oldest]
        self._past = [*self._past[-len(recent) - 1 :], (self.n_calls, self.betas)]
        self._environments.redistribute(self.stage)

    @property
    def _environments(self) -> RobotVecEnv:
        environments = self.training_env.unwrapped
        assert isinstance(environments, RobotVecEnv)
        return environments
