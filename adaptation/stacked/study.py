"""One method on one pair of environments: several seeds at once, from the first step to the last evaluation.

As in DARC and ODRL: each iteration is a step in the source, one of `target_every` a step in the target as
well, and an update. The first steps in both are random; before `warm_up` the gap model learns, and does not
judge yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pydantic import Field, NonNegativeInt, PositiveInt

from adaptation.stacked.batch import Batch
from adaptation.stacked.gap import GapModel, Judgement
from adaptation.stacked.replay import StackedReplay
from adaptation.stacked.sac import StackedSac, StackedSacConfig
from adaptation.stacked.worlds import Environment, Worlds
from adaptation.transitions import Floats
from policies.config import Strict

REPLAYS = ("source_replay", "target_replay")
# added to seeds: no target repeats the source's starts, and no evaluation what was trained on
TARGET, EVALUATION = 500_009, 1_000_003
GAP = 250_007  # to the seeds of gap models, whose first weights are not to be the policy's


class StudyConfig(Strict):
    """Budget and schedule, the same for every method that is compared."""

    steps: PositiveInt = 100_000  # source steps, and updates
    random_steps: PositiveInt = 1_000  # the first ones, in the source and in the target
    warm_up: NonNegativeInt = 10_000  # steps before the gap model judges
    target_every: PositiveInt = 10  # source steps for one in the target
    target_share: float = Field(0.0, ge=0, le=1)  # of a batch that trains the policy
    gap_every: PositiveInt = 1  # steps for one update of the gap model
    gap_batch: PositiveInt = 128  # from each domain
    replay: PositiveInt = 1_000_000
    evaluate_every: PositiveInt = 5_000
    episodes: PositiveInt = 10  # an evaluation
    sac: StackedSacConfig = Field(default_factory=StackedSacConfig)


@dataclass(frozen=True)
class Point:
    """Returns on the target after so many steps."""

    steps: int
    target_steps: int
    returns: list[float]  # of each seed, mean over its episodes
    diagnostics: dict[str, float]


class Study:
    """A training that can be stopped after any step, kept, and taken up again."""

    def __init__(
        self,
        source: Callable[[], Environment],
        target: Callable[[], Environment],
        seeds: Sequence[int],
        config: StudyConfig,
        make_gap: Callable[[Sequence[int], int, int], GapModel] | None,
    ) -> None:
        self._config, self._seeds, self._target = config, list(seeds), target
        self._here = Worlds(source, seeds)
        uses_target = make_gap is not None or config.target_share > 0.0
        self._there = Worlds(target, [seed + TARGET for seed in seeds]) if uses_target else None
        space = self._here.environments[0]
        observation, action = (int(s.shape[0]) for s in (space.observation_space, space.action_space))  # type: ignore[index]
        self.sac = StackedSac(seeds, observation, action, config.sac)
        self.gap = make_gap([seed + GAP for seed in seeds], observation, action) if make_gap else None
        sizes = observation, action
        self._source_replay = StackedReplay(seeds, min(config.replay, config.steps), *sizes, stream=0)
        self._target_replay = StackedReplay(seeds, config.steps, *sizes, stream=1)
        self._rngs = [np.random.default_rng([seed, 1]) for seed in seeds]
        self.steps, self.target_steps = 0, 0
        self._diagnostics: dict[str, list[float]] = {}

    def run(self, until: int) -> None:
        """Go on until so many source steps are done."""
        config = self._config
        while self.steps < until:
            random = self.steps < config.random_steps
            self._step(self._here, self._source_replay, random)
            if self._there is not None and (random or self.steps % config.target_every == 0):
                self._step(self._there, self._target_replay, random)
                self.target_steps += 1
            self.steps += 1
            if not random:
                self._learn()

    def _step(self, worlds: Worlds, replay: StackedReplay, random: bool) -> None:
        observation = worlds.observation.copy()
        if random:
            size = worlds.environments[0].action_space.shape
            actions = np.stack([rng.uniform(-1.0, 1.0, size) for rng in self._rngs]).astype(np.float32)
        else:
            actions = self.sac.act(torch.from_numpy(observation[:, None]), explore=True)[:, 0].numpy()
        reward, following, terminated = worlds.step(actions)
        replay.add(observation, actions, reward, following, terminated)

    def _learn(self) -> None:
        config = self._config
        if self.gap is not None and self.steps % config.gap_every == 0:
            pair = (replay.sample(config.gap_batch) for replay in (self._source_replay, self._target_replay))
            self._note(self.gap.fit(*pair))
        from_target = round(config.target_share * config.sac.batch_size)
        batch = self._source_replay.sample(config.sac.batch_size - from_target)
        judgement = Judgement()
        if self.gap is not None and self.steps > config.warm_up:
            judgement = self.gap.judge(batch, self.sac.state_value)
        batch, weight = judged(batch, judgement)
        if judgement.bonus is not None:
            self._note({"bonus": judgement.bonus.mean(dim=1)})
        if from_target:
            batch = Batch.join(batch, self._target_replay.sample(from_target))
            if weight is not None:
                weight = torch.cat([weight, torch.ones(len(self._seeds), from_target)], dim=1)
        self.sac.update(batch, weight, judgement.doubt)

    def _note(self, values: dict[str, torch.Tensor]) -> None:
        for name, value in values.items():
            self._diagnostics.setdefault(name, []).append(float(value.mean()))

    def evaluate(self) -> Point:
        """Play without exploration in targets of their own; what was noted since the last time goes along."""
        returns = [[0.0] for _ in self._seeds]
        worlds = Worlds(self._target, [seed + EVALUATION for seed in self._seeds])
        while min(len(each) for each in returns) <= self._config.episodes:
            actions = self.sac.act(torch.from_numpy(worlds.observation[:, None]), explore=False)[:, 0].numpy()
            self._play(worlds, actions, returns)
        worlds.close()
        diagnostics = {name: round(float(np.mean(values)), 4) for name, values in self._diagnostics.items()}
        self._diagnostics = {}
        means = [float(np.mean(each[: self._config.episodes])) for each in returns]
        return Point(self.steps, self.target_steps, means, diagnostics)

    def _play(self, worlds: Worlds, actions: Floats, returns: list[list[float]]) -> None:
        for i, (env, action) in enumerate(zip(worlds.environments, actions, strict=True)):
            worlds.observation[i], reward, terminated, truncated, _ = env.step(action)
            returns[i][-1] += float(reward)
            if terminated or truncated:
                returns[i].append(0.0)
                worlds.observation[i] = env.reset()[0]

    def state(self) -> dict[str, Any]:
        """What `restore` needs; episodes that have begun are not part of it."""
        parts: dict[str, Any] = {name: getattr(self, f"_{name}").state() for name in REPLAYS}
        parts |= {"sac": self.sac.state(), "gap": self.gap.state() if self.gap else None}
        random = [rng.bit_generator.state for rng in self._rngs]
        return parts | {"random": random, "steps": self.steps, "target_steps": self.target_steps}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on as the one whose state it was, with new episodes."""
        for name in REPLAYS:
            getattr(self, f"_{name}").restore(state[name])
        self.sac.restore(state["sac"])
        if self.gap is not None:
            self.gap.restore(state["gap"])
        for rng, was in zip(self._rngs, state["random"], strict=True):
            rng.bit_generator.state = was
        self.steps, self.target_steps = state["steps"], state["target_steps"]
        for number, worlds in enumerate((self._here, self._there)):
            if worlds is not None:
                worlds.restart([[seed, number, self.steps] for seed in self._seeds])

    def close(self) -> None:
        self._here.close()
        if self._there is not None:
            self._there.close()


def judged(batch: Batch, judgement: Judgement) -> tuple[Batch, torch.Tensor | None]:
    """Source transitions with their bonus, and their weights."""
    if judgement.bonus is None:
        return batch, judgement.weight
    reward = batch.reward + judgement.bonus
    relabelled = Batch(batch.observation, batch.action, reward, batch.next_observation, batch.terminated)
    return relabelled, judgement.weight
