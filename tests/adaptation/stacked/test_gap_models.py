"""Estimates of Δr, and weights made of it, are within 5 % where the exact value is known.

The two classic mistakes (probabilities where a cross entropy wants log-odds; no classifier of (s, a)) are
made on purpose in the same code, and must miss that by far.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from adaptation.stacked import classifiers
from adaptation.stacked.batch import Batch
from adaptation.stacked.classifiers import StackedClassifierConfig, StackedClassifiers
from adaptation.stacked.darc import StackedDarc, StackedDarcConfig
from adaptation.stacked.gap import Judgement
from adaptation.stacked.h2o import H2o, H2oConfig
from adaptation.stacked.importance_weighting import ImportanceConfig, ImportanceWeighting
from adaptation.stacked.methods import METHODS
from adaptation.stacked.par import Par, ParConfig
from adaptation.transitions import Transitions
from contract.state import Array

SEEDS = (0, 1)
EXACT = StackedClassifierConfig(hidden=(32, 32), change_noise=0.0, state_action_noise=0.0, learning_rate=3e-2)
WITHIN = 0.05  # of the spread of Δr, or of the weights
BATCH = 1_000
ROUNDS = (150,) * 4  # updates, each time at a fifth of the rate before
LONG = (300,) * 4
MISTAKEN = 4 * WITHIN


def no_value(states: torch.Tensor) -> torch.Tensor:
    """For models that do not ask for values."""
    raise AssertionError


def first_entry(states: torch.Tensor) -> torch.Tensor:
    """A value that is the state's first number."""
    return states[..., 0]


def stacked(transitions: Transitions, rows: Array | None = None) -> Batch:
    """The same transitions for every seed, or those of its own `rows` (S, N)."""
    chosen = np.tile(np.arange(len(transitions)), (len(SEEDS), 1)) if rows is None else rows

    def of(values: Array) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.float32)[chosen])

    t = transitions
    return Batch(of(t.observation), of(t.action), of(t.reward), of(t.next_observation), of(t.terminated))


def taught(
    model: StackedClassifiers, source: Transitions, target: Transitions, rounds: Sequence[int] = ROUNDS
) -> StackedClassifiers:
    """After a training whose steps become small, so that the noise of single batches averages out."""
    rng = np.random.default_rng(0)
    for updates in rounds:
        for _ in range(updates):
            pair = (
                stacked(domain, rng.integers(0, len(domain), (len(SEEDS), BATCH)))
                for domain in (source, target)
            )
            model.fit(*pair)
        model.optimizer.param_groups[0]["lr"] /= 5.0
    return model


def darc(config: StackedClassifierConfig, transitions: Transitions) -> StackedDarc:
    sizes = transitions.observation.shape[1], transitions.action.shape[1]
    return StackedDarc(SEEDS, *sizes, StackedDarcConfig(classifiers=config))


def error(estimated: torch.Tensor, exact: Array) -> float:
    """Root of the mean squared error over the spread of what is exact; the worse of both seeds."""
    each = np.sqrt(np.mean((estimated.numpy() - exact) ** 2, axis=1)) / exact.std()
    return float(each.max())


@pytest.fixture
def double_logistic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probabilities where the cross entropy wants log-odds."""
    right = classifiers._cross_entropy
    monkeypatch.setattr(classifiers, "_cross_entropy", lambda logits, labels: right(logits.sigmoid(), labels))


WITHOUT_STATE_ACTION = EXACT.model_copy(update={"judge_state_action": False})


def tabular_error(world: Any, config: StackedClassifierConfig = EXACT) -> float:
    source, target = (world.recording(domain, 40_000) for domain in (0, 1))
    model = taught(darc(config, source), source, target)
    return error(model.delta_r(stacked(world.every_transition())), world.delta_r().ravel())


def gaussian_error(
    world: Any, rounds: Sequence[int] = ROUNDS, config: StackedClassifierConfig = EXACT
) -> float:
    source, target = (world.recording(domain, 1_000_000) for domain in (0, 1))
    model = taught(darc(config, source), source, target, rounds)
    asked = world.recording(0, 2_000, seed=1)
    return error(model.delta_r(stacked(asked)), world.delta_r(asked))


def test_the_tabular_world_is_a_fair_question(tabular: Any) -> None:
    """Gap and visits differ clearly, and every transition is well visited in both domains."""
    assert tabular.delta_r().std() > 0.5
    assert np.abs(np.log(tabular.visits[1] / tabular.visits[0])).max() > 1.0
    assert np.allclose(tabular.dynamics.sum(axis=-1), 1.0)
    assert np.allclose(tabular.visits.sum(axis=(1, 2)), 1.0)
    assert (tabular.visits[..., None] * tabular.dynamics).min() * 20_000 > 50


def test_tabular_gap(tabular: Any) -> None:
    assert tabular_error(tabular) < WITHIN


def test_gaussian_gap(gaussian: Any) -> None:
    assert gaussian_error(gaussian, LONG) < WITHIN


def test_a_double_logistic_misses_both(tabular: Any, gaussian: Any, double_logistic: None) -> None:
    assert tabular_error(tabular) > MISTAKEN
    assert gaussian_error(gaussian) > MISTAKEN


def test_without_the_state_action_classifier_both_are_missed(tabular: Any, gaussian: Any) -> None:
    assert tabular_error(tabular, WITHOUT_STATE_ACTION) > MISTAKEN
    assert gaussian_error(gaussian, config=WITHOUT_STATE_ACTION) > MISTAKEN


def weight_error(world: Any) -> float:
    """Of importance weights against p_target / p_source, both within the same bounds."""
    source, target = (world.recording(domain, 40_000) for domain in (0, 1))
    sizes = source.observation.shape[1], source.action.shape[1]
    config = ImportanceConfig(classifiers=EXACT)
    model = taught(ImportanceWeighting(SEEDS, *sizes, config), source, target)
    assert isinstance(model, ImportanceWeighting)
    asked = world.every_transition()
    exact = np.clip(np.exp(world.delta_r().ravel()), config.least, config.most)
    judgement = model.judge(stacked(asked), no_value)
    assert judgement.bonus is None
    assert judgement.weight is not None
    return error(judgement.weight, exact)


def test_importance_weights(tabular: Any) -> None:
    assert weight_error(tabular) < WITHIN


@pytest.mark.usefixtures("double_logistic")
def test_importance_weights_of_a_double_logistic_are_wrong(tabular: Any) -> None:
    assert weight_error(tabular) > MISTAKEN


def test_darc_s_bonus_is_scaled_after_it_is_clipped(gaussian: Any) -> None:
    source, target = (gaussian.recording(domain, 2_000) for domain in (0, 1))
    plain = darc(EXACT, source)
    config = StackedDarcConfig(scale=0.5, clip=0.2, classifiers=EXACT)
    clipped = StackedDarc(SEEDS, 1, 1, config)
    for model in (plain, clipped):
        for _ in range(50):
            model.fit(stacked(source), stacked(target))
    delta_r = plain.delta_r(stacked(source))
    assert delta_r.abs().max() > 0.4
    bonus = clipped.judge(stacked(source), no_value).bonus
    assert bonus is not None
    assert torch.allclose(bonus, 0.5 * delta_r.clamp(-0.2, 0.2))


def test_par_is_surprised_by_what_the_target_does_not_do(gaussian: Any) -> None:
    """A model of the target's dynamics without noise: the source, which moves otherwise, costs more."""
    still = replace(gaussian, sigma=0.0, drift=1.5)
    source, target = (still.recording(domain, 20_000) for domain in (0, 1))
    par, rng = (
        Par(SEEDS, 1, 1, ParConfig(penalty=2.0, hidden=(32, 32), latent=16, learning_rate=3e-3)),
        np.random.default_rng(0),
    )
    for _ in range(300):
        rows = rng.integers(0, 20_000, (len(SEEDS), 256))
        par.fit(stacked(source, rows), stacked(target, rows))
    here, there = (par.judge(stacked(domain), no_value).bonus for domain in (source, target))
    assert here is not None
    assert there is not None
    assert (here <= 0.0).all()
    assert (here.mean(dim=1) < 5.0 * there.mean(dim=1)).all()


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.make_gap])
def test_a_restored_model_goes_on_as_the_same(name: str, gaussian: Any) -> None:
    make: Any = METHODS[name].make_gap
    source, target = (stacked(gaussian.recording(domain, 200)) for domain in (0, 1))
    first, second = make(SEEDS, 1, 1), make((7, 8), 1, 1)
    first.fit(source, target)
    second.restore(copy.deepcopy(first.state()))
    for model in (first, second):
        model.fit(source, target)
    judgements = [model.judge(source, first_entry) for model in (first, second)]
    for field in fields(Judgement):
        one, other = (getattr(judgement, field.name) for judgement in judgements)
        assert (one is None and other is None) or torch.equal(one, other)


def test_seeds_judge_side_by_side_as_they_do_alone(gaussian: Any) -> None:
    source, target = (stacked(gaussian.recording(domain, 300)) for domain in (0, 1))
    together = StackedDarc(SEEDS, 1, 1, StackedDarcConfig())
    together.fit(source, target)
    for i, seed in enumerate(SEEDS):
        alone = StackedDarc([seed], 1, 1, StackedDarcConfig())
        own = [Batch(*(getattr(b, f.name)[i : i + 1] for f in fields(Batch))) for b in (source, target)]
        alone.fit(*own)
        assert torch.allclose(alone.delta_r(own[0])[0], together.delta_r(source)[i], atol=1e-5)


def fitted(make: Any, source: Transitions, target: Transitions, updates: int) -> Any:
    model, rng = make(SEEDS, 1, 1), np.random.default_rng(0)
    for _ in range(updates):
        rows = rng.integers(0, len(source), (len(SEEDS), 256))
        model.fit(stacked(source, rows), stacked(target, rows))
    return model


def test_vgdf_keeps_the_share_of_which_the_value_fits(gaussian: Any) -> None:
    """The source drifts by 0 and the target by 1: what happens to drift by 1 in the source is kept."""
    apart = replace(gaussian, drift=1.0)
    source, target = (apart.recording(domain, 20_000) for domain in (0, 1))
    model = fitted(METHODS["vgdf"].make_gap, source, target, 400)
    asked = stacked(apart.recording(0, 1_000, seed=1))
    kept = model.judge(asked, first_entry).weight
    assert torch.equal(kept.unique(), torch.tensor([0.0, 1.0]))
    assert torch.equal(kept.sum(dim=1), torch.full((len(SEEDS),), 250.0))
    drift = (asked.next_observation - asked.observation - asked.action)[..., 0]
    assert drift[kept == 1.0].mean() > 0.4
    assert drift[kept == 0.0].mean() < -0.1
    # a value that is the same everywhere tells nothing apart, whatever the dynamics
    blind = model.judge(asked, lambda states: 0.01 * torch.sin(1e4 * states[..., 0])).weight
    assert abs(drift[blind == 1.0].mean() - drift[blind == 0.0].mean()) < 0.25


def test_h2o_doubts_where_the_dynamics_differ(gaussian: Any) -> None:
    """The target drifts only where the state is positive."""
    source, target = (gaussian.recording(domain, 20_000) for domain in (0, 1))
    here = target.observation[:, :1] > 0.0
    following = np.where(here, target.next_observation + 1.5, target.next_observation - gaussian.drift)
    elsewhere = replace(target, next_observation=following.astype(np.float32))
    model = fitted(partial(H2o, config=H2oConfig(classifiers=EXACT)), source, elsewhere, 400)
    asked = stacked(gaussian.recording(0, 2_000, seed=1))
    judgement = model.judge(asked, no_value)
    positive = asked.observation[..., 0] > 0.3
    negative = asked.observation[..., 0] < -0.3
    assert judgement.weight.max() <= 1.0
    assert judgement.doubt.sum(dim=1).allclose(torch.ones(len(SEEDS)))
    assert judgement.doubt[positive].mean() > 3.0 * judgement.doubt[negative].mean()
    assert judgement.weight[positive].mean() < 0.5 * judgement.weight[negative].mean()
