"""What is asked for: a pair, a method, seeds, and the budget of that pair."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium
from gymnasium.spaces import Box

from adaptation.stacked.methods import Method, method_by_name
from adaptation.stacked.sac import StackedSacConfig
from adaptation.stacked.study import StudyConfig
from contract.errors import TerrafirmaError
from sim.shifts.pairs import PAIRS, Environment, Pair, pair_by_name, registered

DEFAULT = StudyConfig(
    steps=100_000,
    evaluate_every=5_000,
    warm_up=10_000,
    sac=StackedSacConfig(hidden=(128, 128), batch_size=128, learning_rate=1e-3),
)
# all methods are compared on these: three after VGDF, four after ODRL
MATRIX = (
    *("half-cheetah-broken-back-thigh", "hopper-gravity-0.5", "walker2d-broken-right-foot"),
    *("half-cheetah-gravity-2", "hopper-broken-hips", "walker2d-friction-0.5", "half-cheetah-thigh-hard"),
)
SHORT = {"steps": 50_000, "evaluate_every": 2_500, "warm_up": 5_000}
BUDGETS: dict[str, dict[str, Any]] = {
    # short episodes and small rewards: what lies 50 steps ahead counts little
    "broken-reacher": {
        "steps": 80_000,
        "evaluate_every": 4_000,
        "warm_up": 8_000,
        "sac": DEFAULT.sac.model_copy(update={"gamma": 0.98}),
    }
} | dict.fromkeys(MATRIX, SHORT)


@dataclass(frozen=True)
class Plan:
    """One run: several seeds of a method on a pair."""

    pair: Pair
    method: str
    seeds: tuple[int, ...]
    config: StudyConfig

    @property
    def learner(self) -> Method:
        """The method itself."""
        return method_by_name(self.method)

    @property
    def digest(self) -> str:
        """Of every setting that decides what is learned, but for the pair and the seeds."""
        settings = {"study": self.config.model_dump(mode="json"), "method": self.learner.settings()}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def folder(self) -> str:
        """A name for what the run keeps."""
        seeds = "-".join(map(str, self.seeds))
        return f"{self.pair.name}-{self.method}-{self.digest}-{seeds}"


def plan(pair: Pair, method: str, seeds: tuple[int, ...], steps: int | None) -> Plan:
    """The run of a pair's own budget, or of so many steps.

    Raises:
        TerrafirmaError: too few steps, or seeds that are none.
        UnknownNameError: no such method.
    """
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise TerrafirmaError(f"--seeds: give different numbers of at least 0, got {list(seeds)}.")
    if steps is not None and steps <= DEFAULT.random_steps:
        raise TerrafirmaError(
            f"--steps: more than the {DEFAULT.random_steps} random ones at the start, got {steps}."
        )
    shares = method_by_name(method)
    settings: dict[str, Any] = {"target_share": shares.target_share} | BUDGETS.get(pair.name, {})
    if steps is not None:
        settings |= {"steps": steps, "warm_up": steps // 10, "evaluate_every": max(1, steps // 20)}
    return Plan(pair, method, seeds, DEFAULT.model_copy(update=settings))


def has_own_budget(pair: str, method: str, digest: str) -> bool:
    """Whether a run was one of the benchmark's: a pair of its own, with that pair's budget."""
    return pair in PAIRS and plan(PAIRS[pair], method, (0,), None).digest == digest


def find_pair(name: str | None, source: str | None, target: str | None) -> Pair:
    """A pair of the benchmark, or one of any two registered Gymnasium environments.

    Raises:
        TerrafirmaError: neither is given, or both are, or their spaces differ.
    """
    if name is not None and source is None and target is None:
        return pair_by_name(name)
    if name is not None or source is None or target is None:
        raise TerrafirmaError("name a --pair, or a --source-env and a --target-env.")
    made = Pair(f"{source}--{target}".replace("/", "-"), _registered(source), _registered(target), "your own")
    _check_spaces(made)
    return made


def _registered(name: str) -> Callable[[], Environment]:
    from sim.registration import register

    register()
    return partial(registered, name)


def _check_spaces(pair: Pair) -> None:
    try:
        source, target = pair.source(), pair.target()
    except gymnasium.error.Error as error:  # which names the nearest
        raise TerrafirmaError(str(error)) from error
    spaces = [(env.observation_space, env.action_space) for env in (source, target)]
    source.close()
    target.close()
    for space in (space for both in spaces for space in both):
        if not isinstance(space, Box) or len(space.shape) != 1:
            raise TerrafirmaError(f"methods here need rows of numbers to see and to do, got {space}.")
    shapes = [tuple(space.shape for space in both) for both in spaces]
    if shapes[0] != shapes[1]:
        raise TerrafirmaError(
            f"source and target differ in their spaces: observation and action {shapes[0]} and {shapes[1]}."
        )
