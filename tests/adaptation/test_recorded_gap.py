"""What recordings say of a gap: with all columns or some, with noise, and where a joint is stuck."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from adaptation.recorded_gap import RecordedGap
from adaptation.stacked import normaliser
from adaptation.stacked.classifiers import StackedClassifierConfig
from adaptation.stacked.darc import StackedDarc, StackedDarcConfig
from adaptation.stacked.importance_weighting import ImportanceConfig, ImportanceWeighting
from adaptation.stacked.vgdf import Vgdf, VgdfConfig
from adaptation.transitions import Transitions
from contract.errors import TerrafirmaError
from contract.state import Array

EXACT = StackedClassifierConfig(hidden=(32, 32), change_noise=0.0, state_action_noise=0.0, learning_rate=4e-3)
SIZE, BATCH = 20_000, 256
UPDATES = 500


def gap_of(config: StackedClassifierConfig, columns: Array, action: int = 1, seed: int = 0) -> RecordedGap:
    """DARC's, whose bonus is Δr as it is."""
    darc = partial(StackedDarc, config=StackedDarcConfig(classifiers=config))
    return RecordedGap(darc, columns, action, seed, BATCH)


def estimate(
    source: Transitions,
    target: Transitions,
    asked: Transitions,
    config: StackedClassifierConfig = EXACT,
    updates: int = UPDATES,
    columns: Array | None = None,
) -> Array:
    """Δr (N,) of `asked` after training."""
    gap = gap_of(config, np.arange(source.observation.shape[1]) if columns is None else columns)
    gap.fit(source, target, updates)
    # a smaller step at the end, so that the noise of single batches averages out
    assert isinstance(gap.model, StackedDarc)
    gap.model.optimizer.param_groups[0]["lr"] *= 0.1
    gap.fit(source, target, updates // 3)
    return np.asarray(gap.bonus(asked), dtype=float)


def error(estimated: Array, exact: Array) -> float:
    """Root of the mean squared error, as a share of the spread of the exact Δr."""
    return float(np.sqrt(np.mean((estimated - exact) ** 2)) / exact.std())


def test_noise_on_the_change_adds_to_the_variance(gaussian: Any) -> None:
    """It is in units of the target's deviation; the analytic Δr then has a wider Gaussian."""
    source, target = (gaussian.recording(domain, SIZE) for domain in (0, 1))
    asked = gaussian.recording(0, 2_000, seed=1)
    deviation = float((target.next_observation - target.observation).std())
    blurred, sharp = (gaussian.delta_r(asked, blur=blur) for blur in (deviation, 0.0))
    estimated = estimate(source, target, asked, EXACT.model_copy(update={"change_noise": 1.0}))
    assert error(estimated, blurred) < 0.25
    assert np.polyfit(blurred, estimated, 1)[0] == pytest.approx(1.0, abs=0.15)
    # the noise changes the answer by more than what is tolerated
    assert error(estimated, sharp) > 0.4


def test_domains_that_move_alike_have_no_gap(gaussian: Any) -> None:
    """Although their recordings are from different places."""
    same = replace(gaussian, drift=0.0)
    source, target = (same.recording(domain, SIZE) for domain in (0, 1))
    estimated = estimate(source, target, same.recording(0, 2_000, seed=1))
    assert np.sqrt(np.mean(estimated**2)) < 0.12


def widened(batch: Transitions, columns: Array) -> Transitions:
    return replace(
        batch,
        observation=np.hstack([batch.observation, columns]).astype(np.float32),
        next_observation=np.hstack([batch.next_observation, columns]).astype(np.float32),
    )


def agreement(gaussian: Any) -> float:
    """Correlation of Δr with the exact one in the source, where a joint moves that is stuck in the target."""
    source, target = (gaussian.recording(domain, SIZE) for domain in (0, 1))
    rng = np.random.default_rng(0)
    source = widened(source, rng.uniform(-1.0, 1.0, (SIZE, 1)))
    target = widened(target, rng.normal(0.3, 0.005, (SIZE, 1)))
    config = EXACT.model_copy(update={"state_action_noise": 0.5})
    estimated = estimate(source, target, source, config)
    return float(np.corrcoef(estimated, gaussian.delta_r(source))[0, 1])


def test_a_joint_that_is_stuck_in_the_target_hides_nothing(gaussian: Any) -> None:
    assert agreement(gaussian) > 0.8


def test_the_target_s_own_scale_would_hide_it(gaussian: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    right = normaliser.Normaliser.learn
    monkeypatch.setattr(normaliser.Normaliser, "learn", lambda self, _, target: right(self, target, target))
    assert agreement(gaussian) < 0.3


def test_columns_that_are_not_looked_at_change_nothing(gaussian: Any) -> None:
    """A command that gives the domain away must not leak in."""
    source, target = (gaussian.recording(domain, 2_000) for domain in (0, 1))
    plain, wide = [], []
    for batch, value in ((source, -1.0), (target, 1.0)):
        plain.append(batch)
        wide.append(widened(batch, np.full((len(batch), 1), value)))
    narrow = estimate(*plain, source, updates=100)
    assert np.array_equal(estimate(*wide, wide[0], updates=100, columns=np.array([0])), narrow)
    assert not np.allclose(estimate(*wide, wide[0], updates=100), narrow, atol=0.1)


def test_losses_are_cross_entropies(tabular: Any) -> None:
    """Guessing costs log 2; (s, a, s') tells more than (s, a)."""
    source, target = (tabular.recording(domain, SIZE) for domain in (0, 1))
    gap = gap_of(EXACT, np.arange(3), action=2)
    assert gap.fit(target, target, 200)["loss_sas"] == pytest.approx(np.log(2), abs=0.03)
    gap.fit(source, target, UPDATES)
    losses = gap.fit(source, target, 200)
    assert losses["loss_sas"] < losses["loss_sa"] < np.log(2)
    joint = tabular.visits[..., None] * tabular.dynamics
    target_share = joint[1] / joint.sum(axis=0)
    entropy = -(joint[1] * np.log(target_share) + joint[0] * np.log(1 - target_share)).sum() / 2
    assert losses["loss_sas"] == pytest.approx(entropy, abs=0.02)


def test_a_seed_repeats_itself_and_leaves_others_random_numbers_alone(gaussian: Any) -> None:
    source, target = (gaussian.recording(domain, 500) for domain in (0, 1))
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    answers = []
    for seed in (0, 0, 1):
        gap = gap_of(StackedClassifierConfig(), np.arange(1), seed=seed)
        gap.fit(source, target, 20)
        answers.append(gap.bonus(source))
    assert torch.equal(torch.rand(3), expected)
    assert np.array_equal(answers[0], answers[1])
    assert not np.array_equal(answers[0], answers[2])


def test_an_input_that_never_varies_in_the_target_does_not_explode(gaussian: Any) -> None:
    """The broken joint itself: it moves in the source only."""
    source, target = (gaussian.recording(domain, 500) for domain in (0, 1))
    still, moving = np.zeros((500, 1)), np.random.default_rng(0).normal(size=(500, 1))
    gap = gap_of(StackedClassifierConfig(), np.arange(2))
    gap.fit(widened(source, moving), widened(target, still), 50)
    assert np.isfinite(gap.bonus(widened(source, moving))).all()


def test_what_a_recording_cannot_tell_is_refused(gaussian: Any) -> None:
    batch = gaussian.recording(0, 300)
    with pytest.raises(TerrafirmaError, match="before its model has seen"):
        gap_of(EXACT, np.arange(1)).bonus(batch)
    weighing = partial(ImportanceWeighting, config=ImportanceConfig()), "ImportanceWeighting weighs"
    valuing = partial(Vgdf, config=VgdfConfig()), "the values of states"
    for make, said in (weighing, valuing):
        gap = RecordedGap(make, np.arange(1), 1, 0)
        gap.fit(batch, batch, 1)
        with pytest.raises(TerrafirmaError, match=said):
            gap.bonus(batch)
