"""Δr is the exact log-ratio where it is known, and the two classic mistakes are not.

Each mistake (softmax before a cross entropy that applies one itself; no classifier of (s, a)) is
made on purpose in the same code, and must miss what the right code hits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from adaptation import classifiers
from adaptation.classifiers import ClassifierConfig, DarcClassifiers
from adaptation.transitions import Transitions
from contract.state import Array

EXACT = ClassifierConfig(
    hidden=(32, 32), change_noise=0.0, state_action_noise=0.0, learning_rate=4e-3, batch_size=256
)
SIZE = 20_000
TOLERANCE = 0.1  # of the spread of Δr
UPDATES = 500


class WithoutStateAction(DarcClassifiers):
    """The mistake of judging (s, a, s') alone: its log-odds also hold where each domain likes to be."""

    def _logits(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        state_action, correction = super()._logits(inputs)
        return state_action, correction - state_action


def estimate(
    source: Transitions,
    target: Transitions,
    asked: Transitions,
    config: ClassifierConfig = EXACT,
    kind: type[DarcClassifiers] = DarcClassifiers,
    updates: int = UPDATES,
    **options: Any,
) -> Array:
    """Δr (N,) of `asked` after training."""
    model = kind(target, config, seed=0, **options)
    model.fit(source, target, updates)
    # a smaller step at the end, so that the noise of single batches averages out
    model._optimizer.param_groups[0]["lr"] *= 0.1
    model.fit(source, target, updates // 3)
    return np.asarray(model.delta_r(asked), dtype=float)


def error(estimated: Array, exact: Array) -> float:
    """Root of the mean squared error, as a share of the spread of the exact Δr."""
    return float(np.sqrt(np.mean((estimated - exact) ** 2)) / exact.std())


@pytest.fixture
def double_softmax(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probabilities where the cross entropy wants logits."""
    right = classifiers.functional.cross_entropy
    monkeypatch.setattr(
        classifiers.functional, "cross_entropy", lambda logits, labels: right(logits.softmax(1), labels)
    )


def tabular_error(world: Any, kind: type[DarcClassifiers] = DarcClassifiers) -> float:
    recordings = [world.recording(domain, SIZE) for domain in (0, 1)]
    return error(estimate(*recordings, world.every_transition(), kind=kind), world.delta_r().ravel())


def test_the_tabular_world_is_a_fair_question(tabular: Any) -> None:
    """Gap and visits differ clearly, and every transition is well visited in both domains."""
    assert tabular.delta_r().std() > 0.5
    assert np.abs(np.log(tabular.visits[1] / tabular.visits[0])).max() > 1.0
    assert np.allclose(tabular.dynamics.sum(axis=-1), 1.0)
    assert np.allclose(tabular.visits.sum(axis=(1, 2)), 1.0)
    assert (tabular.visits[..., None] * tabular.dynamics).min() * SIZE > 50


def test_tabular_gap_is_exact(tabular: Any) -> None:
    assert tabular_error(tabular) < TOLERANCE


def test_tabular_gap_with_a_double_softmax_is_not(tabular: Any, double_softmax: None) -> None:
    assert tabular_error(tabular) > 3 * TOLERANCE


def test_tabular_gap_without_the_state_action_classifier_is_not(tabular: Any) -> None:
    assert tabular_error(tabular, WithoutStateAction) > 3 * TOLERANCE


@pytest.mark.parametrize("change_noise", [0.0, 1.0])
def test_gaussian_gap_is_analytic(gaussian: Any, change_noise: float) -> None:
    """Noise on s' - s (in units of the target's deviation) adds to the variance in Δr."""
    source, target = (gaussian.recording(domain, SIZE) for domain in (0, 1))
    asked = gaussian.recording(0, 2_000, seed=1)
    config = replace(EXACT, change_noise=change_noise)
    deviation = float((target.next_observation - target.observation).std())
    exact = gaussian.delta_r(asked, blur=change_noise * deviation)
    estimated = estimate(source, target, asked, config)
    assert error(estimated, exact) < 2.5 * TOLERANCE
    assert np.polyfit(exact, estimated, 1)[0] == pytest.approx(1.0, abs=0.15)
    # the noise changes the answer by more than the tolerance
    other = gaussian.delta_r(asked, blur=(1.0 - change_noise) * deviation)
    assert error(estimated, other) > 4 * TOLERANCE


def test_gaussian_gap_with_a_double_softmax_is_not(gaussian: Any, double_softmax: None) -> None:
    source, target = (gaussian.recording(domain, SIZE) for domain in (0, 1))
    asked = gaussian.recording(0, 2_000, seed=1)
    assert error(estimate(source, target, asked), gaussian.delta_r(asked)) > 4 * TOLERANCE


def test_gaussian_gap_without_the_state_action_classifier_is_not(gaussian: Any) -> None:
    source, target = (gaussian.recording(domain, SIZE) for domain in (0, 1))
    asked = gaussian.recording(0, 2_000, seed=1)
    estimated = estimate(source, target, asked, kind=WithoutStateAction)
    assert error(estimated, gaussian.delta_r(asked)) > 4 * TOLERANCE


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


class TargetScale(DarcClassifiers):
    """The mistake of measuring states with the target's own deviation."""

    def _normalise_by(self, source: Transitions, target: Transitions) -> None:
        super()._normalise_by(target, target)


def agreement(gaussian: Any, kind: type[DarcClassifiers]) -> float:
    """Correlation of Δr with the exact one in the source, where a joint moves that is stuck in the target."""
    source, target = (gaussian.recording(domain, SIZE) for domain in (0, 1))
    rng = np.random.default_rng(0)
    source = widened(source, rng.uniform(-1.0, 1.0, (SIZE, 1)))
    target = widened(target, rng.normal(0.3, 0.005, (SIZE, 1)))
    config = replace(EXACT, state_action_noise=0.5)
    estimated = estimate(source, target, source, config, kind)
    return float(np.corrcoef(estimated, gaussian.delta_r(source))[0, 1])


def test_a_joint_that_is_stuck_in_the_target_hides_nothing(gaussian: Any) -> None:
    assert agreement(gaussian, DarcClassifiers) > 0.8
    assert agreement(gaussian, TargetScale) < 0.3


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
    model = DarcClassifiers(target, EXACT, seed=0)
    assert model.fit(target, target, 200)["loss_sas"] == pytest.approx(np.log(2), abs=0.03)
    model.fit(source, target, UPDATES)
    losses = model.fit(source, target, 200)
    assert losses["loss_sas"] < losses["loss_sa"] < np.log(2)
    joint = tabular.visits[..., None] * tabular.dynamics
    target_share = joint[1] / joint.sum(axis=0)
    entropy = -(joint[1] * np.log(target_share) + joint[0] * np.log(1 - target_share)).sum() / 2
    assert losses["loss_sas"] == pytest.approx(entropy, abs=0.02)


def test_a_seed_repeats_itself_and_leaves_others_random_numbers_alone(
    gaussian: Any, transitions: Callable[..., Transitions]
) -> None:
    source, target = (gaussian.recording(domain, 500) for domain in (0, 1))
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    answers = []
    for seed in (0, 0, 1):
        model = DarcClassifiers(target, ClassifierConfig(), seed)
        model.fit(source, target, 20)
        answers.append(model.delta_r(source))
    assert torch.equal(torch.rand(3), expected)
    assert np.array_equal(answers[0], answers[1])
    assert not np.array_equal(answers[0], answers[2])


def test_an_input_that_never_varies_in_the_target_does_not_explode(gaussian: Any) -> None:
    """The broken joint itself: it moves in the source only."""
    source, target = (gaussian.recording(domain, 500) for domain in (0, 1))
    still, moving = np.zeros((500, 1)), np.random.default_rng(0).normal(size=(500, 1))
    model = DarcClassifiers(widened(target, still), ClassifierConfig(), seed=0)
    model.fit(widened(source, moving), widened(target, still), 50)
    assert np.isfinite(model.delta_r(widened(source, moving))).all()
