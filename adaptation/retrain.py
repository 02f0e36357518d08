"""Go on training in the simulation that the robot turned out to be: what follows on system identification."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import torch

from adaptation.source import Report
from contract.errors import TerrafirmaError
from contract.record import Identity
from policies.config import PpoConfig, SacConfig
from policies.runtime import Policy
from policies.train import CHECKPOINT, train
from sim.vector.spec import EnvironmentSpec

BEGUN = "begun.txt"  # what with


def retrain(
    config: SacConfig | PpoConfig,
    spec: EnvironmentSpec,
    checkpoint: Path,
    steps: int,
    identity: Identity,
    folder: Path,
    seed: int,
    report: Report,
) -> Policy:
    """`steps` further steps from a source run's checkpoint, in `spec`'s domain; exports to `folder`.

    Weights, optimisers, statistics and entropy coefficient are those of the checkpoint. Its replay is not:
    what it holds happened in another domain. The learning rate begins anew. A folder that was begun goes on,
    if it was begun with the same.

    Raises:
        TerrafirmaError: there is no checkpoint, or it is another network's; the folder holds something else.
    """
    started = folder / CHECKPOINT
    digest = _digest(checkpoint, config, spec, steps, identity, seed)
    if not started.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / BEGUN).write_text(digest)
        _start_from(checkpoint, started)
    elif not (folder / BEGUN).is_file() or (folder / BEGUN).read_text() != digest:
        raise TerrafirmaError(f"{folder} holds a training that began otherwise; remove it or choose another.")
    config = config.model_copy(update={"steps": steps, "stop_at": None})
    if isinstance(config, SacConfig):
        config = config.model_copy(update={"learning_starts": 1})  # no random actions: there is a policy
    return train(config, spec, identity, folder, seed, report, resume=True)


def _digest(checkpoint: Path, *settings: object) -> str:
    """Of everything that decides what is learned."""
    if not checkpoint.is_file():
        raise TerrafirmaError(f"{checkpoint}: no such checkpoint.")
    content = checkpoint.read_bytes() + repr(settings).encode()
    return hashlib.sha256(content).hexdigest()


def _start_from(checkpoint: Path, copy: Path) -> None:
    """The checkpoint as of a training that has not begun."""
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        state["steps"] = 0
        if "replay" in state:
            state["replay"] = {name: rows[:0].clone() for name, rows in state["replay"].items()}
    except Exception as error:  # torch raises many types, all meaning the same to a user
        raise TerrafirmaError(f"{checkpoint}: not a readable checkpoint ({error}).") from error
    temporary = copy.with_suffix(".tmp")
    torch.save(state, temporary)
    os.replace(temporary, copy)
