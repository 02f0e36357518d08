"""Training widens its randomization, remembers how far it has got, and says so in its curve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from contract.errors import TerrafirmaError
from contract.record import Identity
from policies.config import PpoConfig, WideningConfig
from policies.doraemon import Betas
from policies.train import CHECKPOINT, CURVE, train
from policies.widening import Widening
from sim.domains.reader import parse_domain
from sim.domains.widening import WideningDomain
from sim.robots import load_robot
from sim.vector.spec import EnvironmentSpec

TEXT = "engine: pybullet\nparameters:\n  joint_strength: {uniform: [0.2, 1.0]}\n"
DOMAIN = parse_domain(TEXT, "strength")
SPEC = EnvironmentSpec("iiwa", "reach", DOMAIN)
IDENTITY = Identity("tiny", "iiwa", "reach", "0" * 64, "unknown")
ALWAYS, NEVER = -1e6, 1e6  # returns that every episode has, and none


def config(least: float, steps: int = 960) -> PpoConfig:
    return PpoConfig(
        steps=steps,
        environments=4,
        workers=1,
        hidden=(8,),
        rollout_steps=60,
        minibatches=2,
        epochs=1,
        widening=WideningConfig(least_return=least, episodes=4, trust=0.5),
    )


def curve(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (path / CURVE).read_text().splitlines()]


def shapes(path: Path) -> Any:
    return torch.load(path / CHECKPOINT, weights_only=True)["widening"]


def new_widening() -> Widening:
    return Widening(WideningConfig(episodes=4), WideningDomain(DOMAIN, load_robot("iiwa")))


def test_success_widens_and_a_resumed_run_goes_on_from_there(tmp_path: Path) -> None:
    train(config(ALWAYS), SPEC, IDENTITY, tmp_path, 0, lambda *_: None)
    first, line = shapes(tmp_path), curve(tmp_path)[-1]
    narrow = new_widening().metrics()
    assert line["widening_success"] == 1.0
    assert narrow["widening_width"] < line["widening_width"] < 1.0
    assert narrow["widening_entropy"] < line["widening_entropy"] < 0.0
    train(config(ALWAYS, 1440), SPEC, IDENTITY, tmp_path, 0, lambda *_: None, resume=True)
    second = shapes(tmp_path)
    assert bool(second["moving"])
    assert float(second["a"]) < float(first["a"]) < float(new_widening().betas.a[0])
    assert curve(tmp_path)[-1]["widening_width"] > line["widening_width"]


def test_what_never_succeeds_stays_where_it_starts(tmp_path: Path) -> None:
    train(config(NEVER), SPEC, IDENTITY, tmp_path, 0, lambda *_: None)
    start, end = new_widening().betas, shapes(tmp_path)
    assert (float(end["a"]), float(end["b"])) == (start.a[0], start.b[0])
    assert not bool(end["moving"])
    assert curve(tmp_path)[-1]["widening_success"] == 0.0


def test_a_resumed_run_begins_in_its_own_distribution(tmp_path: Path) -> None:
    """Not in the start's: its first episodes are drawn from what the checkpoint says."""
    train(config(ALWAYS), SPEC, IDENTITY, tmp_path, 0, lambda *_: None)
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    state["widening"] |= {"a": torch.tensor([1.0]).double(), "b": torch.tensor([201.0]).double()}
    torch.save(state, tmp_path / CHECKPOINT)
    seen: list[float] = []
    counts = Widening._count

    def count(self: Widening, info: dict[str, Any]) -> None:
        strengths = [
            value
            for name, value in zip(info["parameters"]["names"], info["parameters"]["values"], strict=True)
            if name.startswith("joint_strength")
        ]
        seen.append(float(np.mean(strengths)))
        counts(self, info)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Widening, "_count", count)
        train(config(ALWAYS, 1200), SPEC, IDENTITY, tmp_path, 0, lambda *_: None, resume=True)
    assert len(seen) == 4
    assert max(seen) < 0.25  # the weak end of the range, though a strength of 1 is nominal


def test_episodes_are_weighted_by_what_they_were_drawn_from() -> None:
    widening = new_widening()
    old, new = widening.betas, Betas(np.array([2.0]), np.array([3.0]), widening.betas.owner)
    widening._past, widening.n_calls = [(-1, old), (100, new)], 130
    quantiles = np.linspace(0.2, 0.8, 7)
    names = [f"joint_strength/{joint.name}" for joint in load_robot("iiwa").joints]
    parameters = {"names": names, "values": 0.2 + 0.8 * quantiles}
    for length, betas in ((31, old), (30, old), (29, new), (130, old)):
        info = {"parameters": parameters, "episode": {"l": length, "r": 0.0}, "success": True}
        widening._count(info)
        found, density, success = widening._trials[-1]
        assert found == pytest.approx(quantiles)
        assert density == pytest.approx(betas.log_density(quantiles[None])[0])
        assert success == 1.0


def test_the_task_s_own_word_counts_where_no_return_is_asked_for() -> None:
    widening = new_widening()
    widening._past, widening.n_calls = [(-1, widening.betas)], 60
    names = [f"joint_strength/{joint.name}" for joint in load_robot("iiwa").joints]
    info = {"parameters": {"names": names, "values": np.full(7, 0.9)}, "episode": {"l": 60, "r": 1e9}}
    for success in (False, True):
        widening._count(info | {"success": success})
    assert [trial[2] for trial in widening._trials] == [0.0, 1.0]


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    train(config(ALWAYS, 240), SPEC, IDENTITY, tmp_path, 0, lambda *_: None)
    more = parse_domain(TEXT + "  action_latency: {uniform: [0.0, 0.02]}\n", "more")
    with pytest.raises(TerrafirmaError, match="widened 1 settings, this domain has 2"):
        train(
            config(ALWAYS, 480),
            EnvironmentSpec("iiwa", "reach", more),
            IDENTITY,
            tmp_path,
            0,
            lambda *_: None,
            resume=True,
        )
