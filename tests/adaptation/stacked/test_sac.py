"""The learner of several seeds is Stable-Baselines3's of each, and seeds do not meet."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box
from stable_baselines3 import SAC
from stable_baselines3.common.logger import configure
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import DummyVecEnv
from torch import Tensor

from adaptation.stacked.batch import Batch
from adaptation.stacked.sac import StackedSac, StackedSacConfig

OBSERVATION, ACTION, SIZE = 5, 2, 16
CONFIG = StackedSacConfig(hidden=(12, 8), batch_size=SIZE, learning_rate=3e-3, gamma=0.9, tau=0.1)


def batch(seeds: Sequence[int], size: int = SIZE) -> Batch:
    """What each seed would be given, whoever is beside it."""
    rows = []
    for seed in seeds:
        g = torch.Generator().manual_seed(100 + seed)
        rows.append(
            (
                torch.randn(size, OBSERVATION, generator=g),
                2.0 * torch.rand(size, ACTION, generator=g) - 1.0,
                torch.randn(size, generator=g),
                torch.randn(size, OBSERVATION, generator=g),
                (torch.rand(size, generator=g) < 0.2).float(),
            )
        )
    return Batch(*(torch.stack(column) for column in zip(*rows, strict=True)))


class Idle(DummyVecEnv):
    """Spaces, and nothing that is ever stepped."""

    def __init__(self) -> None:
        import gymnasium

        class Still(gymnasium.Env[Any, Any]):
            observation_space = Box(-np.inf, np.inf, (OBSERVATION,), np.float32)
            action_space = Box(-1.0, 1.0, (ACTION,), np.float32)

        super().__init__([Still])


class Fixed:
    """A replay buffer that always gives the same batch."""

    def __init__(self, given: Batch) -> None:
        self._samples = ReplayBufferSamples(
            given.observation[0],
            given.action[0],
            given.next_observation[0],
            given.terminated[0][:, None],
            given.reward[0][:, None],
        )

    def sample(self, size: int, env: Any = None) -> ReplayBufferSamples:
        return self._samples


def put(stacked: Any, row: int, layers: Sequence[torch.nn.Linear]) -> None:
    """Write single layers over those of one copy."""
    for layer, weight, bias in zip(layers, stacked.weights, stacked.biases, strict=True):
        weight.data[row], bias.data[row, 0] = layer.weight.data.T, layer.bias.data


def joined(first: torch.nn.Linear, second: torch.nn.Linear) -> torch.nn.Linear:
    """One layer with the outputs of both."""
    both = torch.nn.Linear(first.in_features, first.out_features + second.out_features)
    both.weight.data = torch.cat([first.weight.data, second.weight.data])
    both.bias.data = torch.cat([first.bias.data, second.bias.data])
    return both


def linears(module: torch.nn.Module) -> list[torch.nn.Linear]:
    return [m for m in module.modules() if isinstance(m, torch.nn.Linear)]


@pytest.mark.parametrize("entropy", [None, 0.2])
def test_an_update_is_that_of_stable_baselines3(
    entropy: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same weights, batches and noise: same weights afterwards."""
    config = CONFIG.model_copy(update={"entropy_coefficient": entropy})
    theirs = SAC(
        "MlpPolicy", Idle(), learning_rate=config.learning_rate, gamma=config.gamma, tau=config.tau,
        ent_coef="auto" if entropy is None else entropy, policy_kwargs={"net_arch": list(config.hidden)},
        seed=0, device="cpu",
    )  # fmt: skip
    theirs.set_logger(configure(None, []))
    given = batch([0])
    theirs.replay_buffer = Fixed(given)  # type: ignore[assignment]
    ours = StackedSac([0], OBSERVATION, ACTION, config)
    *hidden, mean, log_std = linears(theirs.actor)
    put(ours.actor, 0, [*hidden, joined(mean, log_std)])
    for network, reference in ((ours.critic, theirs.critic), (ours.critic_target, theirs.critic_target)):
        for i, critic in enumerate(reference.q_networks):
            put(network, i, linears(critic))
    noise = [torch.randn(SIZE, ACTION, generator=torch.Generator().manual_seed(i)) for i in range(6)]
    sequence = iter(noise)
    monkeypatch.setattr(torch.distributions.normal, "_standard_normal", lambda *a, **k: next(sequence))
    theirs.train(3, SIZE)
    again = iter(noise)
    monkeypatch.setattr(torch, "randn", lambda *a, **k: next(again))
    for _ in range(3):
        ours.update(given)
    for i, critic in enumerate(theirs.critic.q_networks):
        for layer, weight, bias in zip(linears(critic), ours.critic.weights, ours.critic.biases, strict=True):
            assert torch.allclose(weight[i].T, layer.weight, atol=2e-6)
            assert torch.allclose(bias[i, 0], layer.bias, atol=2e-6)
    slow = [weight[i] for i in range(2) for weight in ours.critic_target.weights]
    for layer, weight in zip(linears(theirs.critic_target), slow, strict=True):
        assert torch.allclose(weight.T, layer.weight, atol=2e-6)
    assert torch.allclose(ours.actor.weights[-1][0, :, :ACTION].T, mean.weight, atol=2e-6)
    if entropy is None:
        assert theirs.log_ent_coef is not None
        assert torch.allclose(ours.log_alpha, theirs.log_ent_coef, atol=1e-6)


def test_seeds_learn_side_by_side_what_they_learn_alone() -> None:
    seeds = (3, 0, 8)
    together = StackedSac(seeds, OBSERVATION, ACTION, CONFIG)
    asked = batch(seeds, 4).observation
    for _ in range(5):
        together.update(batch(seeds))
    acted = together.act(asked, explore=True)
    for i, seed in enumerate(seeds):
        alone = StackedSac([seed], OBSERVATION, ACTION, CONFIG)
        for _ in range(5):
            alone.update(batch([seed]))
        assert torch.allclose(acted[i], alone.act(asked[i : i + 1], explore=True)[0], atol=1e-5)
    assert not torch.allclose(acted[0], acted[1], atol=1e-2)


def test_weights_of_one_change_nothing_and_of_zero_silence_a_transition() -> None:
    plain, ones, silent, without = (StackedSac([0], OBSERVATION, ACTION, CONFIG) for _ in range(4))
    given = batch([0])
    half = torch.ones(1, SIZE)
    half[:, SIZE // 2 :] = 0.0
    spoiled = copy.deepcopy(given)
    spoiled.reward[:, SIZE // 2 :] = 1e3
    losses = plain.update(given)["critic_loss"]
    assert torch.equal(ones.update(given, torch.ones(1, SIZE))["critic_loss"], losses)
    assert torch.equal(
        silent.update(spoiled, half)["critic_loss"], without.update(given, half)["critic_loss"]
    )
    same = zip(silent.critic.parameters(), without.critic.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in same)


def test_it_learns_what_is_worth_doing() -> None:
    """One step, r = -|a - s|²: the best action is the state."""
    config = StackedSacConfig(hidden=(32, 32), learning_rate=3e-3, gamma=0.5, entropy_coefficient=0.01)
    sac, rng = StackedSac([0, 1], ACTION, ACTION, config), torch.Generator().manual_seed(0)

    def uniform(*shape: int) -> Tensor:
        return 1.6 * torch.rand(*shape, generator=rng) - 0.8

    for _ in range(800):
        state, action = uniform(2, 64, ACTION), uniform(2, 64, ACTION) * 1.25
        reward = -((action - state) ** 2).sum(dim=2)
        sac.update(Batch(state, action, reward, state, torch.ones(2, 64)))
    asked = uniform(2, 200, ACTION)
    assert (sac.act(asked, explore=False) - asked).abs().mean() < 0.1


def test_a_restored_learner_goes_on_as_the_same() -> None:
    first = StackedSac([0, 1], OBSERVATION, ACTION, CONFIG)
    first.update(batch([0, 1]))
    second = StackedSac([5, 6], OBSERVATION, ACTION, CONFIG)
    second.restore(copy.deepcopy(first.state()))
    for sac in (first, second):
        for _ in range(2):
            sac.update(batch([0, 1]))
    assert all(
        torch.equal(a, b) for a, b in zip(first.actor.parameters(), second.actor.parameters(), strict=True)
    )


def test_doubt_holds_down_the_values_of_what_is_doubted() -> None:
    """With nothing else to learn than 0 everywhere, values of the doubted end below those of the others."""
    config = CONFIG.model_copy(update={"penalty": 1.0, "entropy_coefficient": 1e-6})
    sac, given = StackedSac([0], OBSERVATION, ACTION, config), batch([0])
    half = SIZE // 2
    given = replace(given, reward=torch.zeros(1, SIZE), terminated=torch.ones(1, SIZE))
    for _ in range(200):
        sac.update(given, doubt=torch.full((1, half), 1.0 / half))
    values = sac._values(sac.critic, given.observation, given.action)
    assert (values[..., :half].mean(dim=2) < values[..., half:].mean(dim=2) - 0.2).all()


def test_a_state_is_worth_what_the_policy_does_in_it() -> None:
    sac, states = StackedSac([0, 1], OBSERVATION, ACTION, CONFIG), batch([0, 1]).observation
    action = sac.act(states, explore=False)
    expected = sac._values(sac.critic, states, action).amin(dim=0)
    assert torch.equal(sac.state_value(states), expected)
