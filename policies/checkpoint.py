"""Training state on disk, readable without executing anything from the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import VecNormalize

from contract.errors import TerrafirmaError
from policies.learners import Learner

REPLAY_FIELDS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


class Stateful(Protocol):
    """What else a run has to go on with: tensors by name."""

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


def save_checkpoint(
    path: Path, model: Learner, normaliser: VecNormalize | None, widening: Stateful | None = None
) -> None:
    """Write weights, optimiser state and step count to `path`, whole or not at all.

    An LSTM's state is not part of it: who goes on begins with new episodes, and they with zeros.
    """
    state: dict[str, Any] = {"parameters": model.get_parameters(), "steps": model.num_timesteps}
    if normaliser is not None:
        statistics: Any = normaliser.obs_rms
        state["normaliser"] = {
            "mean": torch.from_numpy(statistics.mean.copy()),
            "var": torch.from_numpy(statistics.var.copy()),
            "count": float(statistics.count),
        }
    if widening is not None:
        state["widening"] = widening.state()
    if isinstance(model, SAC):
        # SB3 keeps the entropy coefficient outside its parameters; without it a run restarts at 1
        state["log_entropy_coefficient"] = _log_entropy_coefficient(model).clone()
        state["replay"] = _replay(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)


def load_checkpoint(
    path: Path,
    model: Learner,
    normaliser: VecNormalize | None = None,
    widening: Stateful | None = None,
) -> None:
    """Put a checkpoint into a model made from the same configuration.

    Raises:
        TerrafirmaError: the file is missing, damaged, or of another network.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        model.set_parameters(state["parameters"])
        model.num_timesteps = int(state["steps"])
        if normaliser is not None:
            statistics: Any = normaliser.obs_rms
            statistics.mean = state["normaliser"]["mean"].numpy()
            statistics.var = state["normaliser"]["var"].numpy()
            statistics.count = state["normaliser"]["count"]
        if widening is not None:
            widening.restore(state["widening"])
        if isinstance(model, SAC):
            _log_entropy_coefficient(model).copy_(state["log_entropy_coefficient"])
            _restore_replay(model, state["replay"])
    except Exception as error:  # torch raises many types, all meaning the same to a user
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise TerrafirmaError(f"{path}: not a checkpoint of this network ({reason}).") from error


def _log_entropy_coefficient(model: SAC) -> torch.Tensor:
    coefficient = model.log_ent_coef
    assert coefficient is not None, "the entropy coefficient is learned"
    return coefficient.data


def _replay(model: SAC) -> dict[str, torch.Tensor]:
    buffer: Any = model.replay_buffer
    # oldest first, so that a full buffer goes on overwriting its oldest
    order = np.arange(-buffer.size(), 0) + buffer.pos
    return {name: torch.from_numpy(getattr(buffer, name)[order]) for name in REPLAY_FIELDS}


def _restore_replay(model: SAC, replay: dict[str, torch.Tensor]) -> None:
    buffer: Any = model.replay_buffer
    size = len(replay["rewards"])
    environments = replay["rewards"].shape[1]
    if environments != buffer.n_envs:
        raise TerrafirmaError(f"its replay has {environments} environments, this run {buffer.n_envs}")
    if size > buffer.buffer_size:
        raise TerrafirmaError(f"its replay has {size} rows, this run's buffer {buffer.buffer_size}")
    for name in REPLAY_FIELDS:
        getattr(buffer, name)[:size] = replay[name].numpy()
    buffer.pos, buffer.full = size % buffer.buffer_size, size >= buffer.buffer_size
