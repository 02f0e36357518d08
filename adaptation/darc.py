"""DARC: off-dynamics reinforcement learning with domain classifiers.

Eysenbach et al. 2021, arXiv:2006.13916. Keep training in the source, but pay for every
transition that the target would not have produced:

    max_π E_source[ Σ r(s, a) + Δr(s, a, s') ]

Only source transitions train the policy and the critics; target transitions train the
classifiers. The authors leave Δr unclipped. With deterministic dynamics it is unbounded, so it
is clipped and scaled here. `target_fraction` adds target transitions with their own rewards to
each batch (DARC + Mix), and `relabel=False` leaves Δr out (Mix alone).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from stable_baselines3.common.callbacks import BaseCallback

from adaptation.dynamics_state import dynamics_columns
from adaptation.method import Adapted
from adaptation.recorded_gap import RecordedGap
from adaptation.source import Report, SourceRun
from adaptation.stacked.classifiers import StackedClassifierConfig
from adaptation.stacked.darc import StackedDarc, StackedDarcConfig
from adaptation.target import Target
from adaptation.transfer_buffer import TransferBuffer
from adaptation.transitions import Transitions
from policies.callbacks import LinearLearningRate
from policies.config import Strict
from sim.vector.factory import make_vector

BLOCK = 8  # classifier updates on one draw of source transitions


class DarcConfig(Strict):
    """Settings; the classifiers' own are prefixed."""

    steps: PositiveInt = 28_000  # further source steps
    warm_up_updates: PositiveInt = 1_000  # of the classifiers, before Δr is used
    classifier_updates_per_step: PositiveFloat = 0.25  # per source step
    classifier_hidden: tuple[PositiveInt, ...] = (64, 64)
    change_noise: NonNegativeFloat = 1.0  # on normalised s' - s
    state_action_noise: NonNegativeFloat = 1.0  # on normalised s and a
    classifier_learning_rate: PositiveFloat = 1e-3
    classifier_batch: PositiveInt = 128
    delta_r_scale: PositiveFloat = 0.1
    delta_r_ramp: float = Field(0.25, ge=0.0, le=1.0)  # share of the steps over which Δr fades in
    delta_r_clip: PositiveFloat = 10.0
    target_fraction: float = Field(0.0, ge=0.0, le=1.0)
    relabel: bool = True

    def make_gap(self, seeds: Sequence[int], observation: int, action: int) -> StackedDarc:
        """The model of what a transition is paid."""
        classifiers = StackedClassifierConfig(
            hidden=self.classifier_hidden,
            learning_rate=self.classifier_learning_rate,
            state_action_noise=self.state_action_noise,
            change_noise=self.change_noise,
        )
        config = StackedDarcConfig(scale=self.delta_r_scale, clip=self.delta_r_clip, classifiers=classifiers)
        return StackedDarc(seeds, observation, action, config)


class ClassifierUpdates(BaseCallback):
    """Trains the classifiers along with the policy and reports both."""

    def __init__(
        self,
        config: DarcConfig,
        gap: RecordedGap,
        buffer: TransferBuffer,
        target: Transitions,
        report: Report,
    ) -> None:
        super().__init__()
        self._config, self._gap, self._buffer = config, gap, buffer
        self._target, self._report = target, report
        self._owed, self._first_step, self._last_report = 0.0, 0, 0
        self._losses: list[dict[str, float]] = []
        self._returns: list[float] = []

    def _on_training_start(self) -> None:
        self._first_step = self._last_report = self.num_timesteps
        self._owed = float(max(BLOCK, self._config.warm_up_updates))
        self._pay()

    def _pay(self) -> None:
        """Do the updates that are owed, in blocks that each see fresh source samples."""
        while self._owed >= BLOCK:
            source = self._buffer.source_transitions(self._config.classifier_batch * BLOCK)
            self._losses.append(self._gap.fit(source, self._target, BLOCK))
            self._owed -= BLOCK

    def _on_step(self) -> bool:
        self._returns += [info["episode"]["r"] for info in self.locals["infos"] if "episode" in info]
        done = self.num_timesteps - self._first_step
        self._buffer.ramp = min(1.0, done / max(1.0, self._config.delta_r_ramp * self._config.steps))
        self._owed += self._config.classifier_updates_per_step * self.model.n_envs
        self._pay()
        if self.num_timesteps - self._last_report >= 500:
            self._last_report = self.num_timesteps
            recent = self._losses[-20:]
            self._report(
                self.num_timesteps - self._first_step,
                {
                    "return": float(np.mean(self._returns[-50:] or [0.0])),
                    "loss_sa": float(np.mean([loss["loss_sa"] for loss in recent])),
                    "loss_sas": float(np.mean([loss["loss_sas"] for loss in recent])),
                    "delta_r": self._buffer.mean_bonus / self._config.delta_r_scale,
                },
            )
        return True


def adapt(config: DarcConfig, source: SourceRun, target: Target, seed: int, report: Report) -> Adapted:
    """Train on in the source with the target's dynamics in mind.

    Returns:
        The adapted model; `report` gets source return, classifier losses and mean Δr.
    """
    recorded = target.transitions()
    env = make_vector(source.spec, source.config.environments, source.config.workers, seed)
    columns, joints = dynamics_columns(env.contract), len(env.contract.joints)
    gap = RecordedGap(config.make_gap, columns, joints, seed, config.classifier_batch)
    try:
        model, buffer = source.resume(
            env,
            seed,
            target=recorded,
            gap=gap if config.relabel else None,
            target_fraction=config.target_fraction,
        )
        callback = ClassifierUpdates(config, gap, buffer, recorded, report)
        rate = LinearLearningRate(source.config.learning_rate, config.steps, model.num_timesteps)
        model.learn(config.steps, [callback, rate], reset_num_timesteps=False)
    finally:
        env.close()
    return Adapted(model, env.contract, target.spent)
