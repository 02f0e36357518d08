"""The source side of an adaptation: where the policy came from and how to go on training it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from stable_baselines3 import SAC
from stable_baselines3.common.logger import configure

from adaptation.transfer_buffer import TransferBuffer
from policies.checkpoint import load_checkpoint
from policies.config import SacConfig
from policies.learners import make_sac
from sim.vector.base import RobotVecEnv
from sim.vector.spec import EnvironmentSpec

Report = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True)
class SourceRun:
    """A finished training run that a method starts from."""

    spec: EnvironmentSpec
    config: SacConfig
    checkpoint: Path

    def resume(self, env: RobotVecEnv, seed: int, **buffer: Any) -> tuple[SAC, TransferBuffer]:
        """The trained model with its source replay in a `TransferBuffer(**buffer)`.

        Weights, optimisers, entropy coefficient and replay are those at the end of training.
        """
        torch.set_num_threads(1)
        model = make_sac(self.config, env, seed, TransferBuffer, buffer)
        load_checkpoint(self.checkpoint, model)
        model.set_logger(configure(None, []))
        replay = model.replay_buffer
        assert isinstance(replay, TransferBuffer)
        return model, replay
