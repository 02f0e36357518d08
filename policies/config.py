"""Settings of a training run: frozen, typed, nothing unknown accepted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt


class Strict(BaseModel):
    """Base of every settings model: unknown keys are errors, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


RAY = r"ray(:[1-9]\d*)?"
Workers = PositiveInt | Annotated[str, Field(pattern=f"^{RAY}$")]  # processes, or Ray actors


class SacConfig(Strict):
    """Soft actor-critic (Haarnoja et al. 2018, arXiv:1812.05905)."""

    algorithm: Literal["sac"] = "sac"
    steps: PositiveInt = 20_000
    environments: PositiveInt = 4
    workers: Workers = 2
    hidden: tuple[PositiveInt, ...] = (128, 128)
    learning_rate: PositiveFloat = 1e-3
    batch_size: PositiveInt = 128
    gamma: float = Field(0.95, gt=0, lt=1)
    tau: float = Field(0.02, gt=0, le=1)
    updates_per_step: PositiveFloat = 1.0
    learning_starts: PositiveInt = 1_000
    buffer_size: PositiveInt = 300_000


class RecurrentConfig(Strict):
    """An LSTM in front of the actor's layers, and one in front of the critic's."""

    hidden: PositiveInt = 128  # units of each


class EpoptConfig(Strict):
    """Updates from the worst episodes only (Rajeswaran et al. 2017, arXiv:1610.01283)."""

    epsilon: float = Field(0.1, gt=0, lt=1)  # share of the episodes
    warm_up: NonNegativeInt = 200_000  # steps before, with all of them
    rank: Literal["advantage", "return"] = "advantage"  # the paper's is return; for episodes that are alike


class WideningConfig(Strict):
    """Randomization as wide as success allows (Tiboni et al. 2024, arXiv:2311.01885)."""

    success: float = Field(0.5, gt=0, lt=1)  # least rate
    least_return: float | None = None  # of an episode that counts as success; None: as the task says
    episodes: PositiveInt = 100  # from one update to the next
    trust: PositiveFloat = 0.2  # nats, largest KL divergence of an update


class PpoConfig(Strict):
    """Proximal policy optimisation with a learning rate that follows the KL divergence.

    The schedule is the one that legged_gym and Isaac Lab use: halve-ish above twice the
    desired KL, raise below half of it.
    """

    algorithm: Literal["ppo"] = "ppo"
    steps: PositiveInt = 1_000_000
    environments: PositiveInt = 48
    workers: Workers = 2
    hidden: tuple[PositiveInt, ...] = (256, 128)  # behind the LSTM, where there is one
    learning_rate: PositiveFloat = 1e-3
    desired_kl: PositiveFloat = 0.01
    rollout_steps: PositiveInt = 64
    minibatches: PositiveInt = 4
    epochs: PositiveInt = 5
    gamma: float = Field(0.98, gt=0, lt=1)
    gae_lambda: float = Field(0.95, gt=0, le=1)
    clip: PositiveFloat = 0.2
    entropy: float = Field(0.0, ge=0)
    initial_log_std: float = -1.0
    recurrent: RecurrentConfig | None = None  # None: a feed-forward policy
    epopt: EpoptConfig | None = None  # None: all episodes count
    widening: WideningConfig | None = None  # None: the source domain as its file says


TrainConfig = Annotated[SacConfig | PpoConfig, Field(discriminator="algorithm")]
