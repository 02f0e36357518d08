"""What every adaptation method returns."""

from __future__ import annotations

from dataclasses import dataclass

from stable_baselines3 import SAC

from contract.record import Contract


@dataclass(frozen=True)
class Adapted:
    """An adapted model, the contract that it is to be exported with, and what it cost."""

    model: SAC
    contract: Contract
    target_steps: int
