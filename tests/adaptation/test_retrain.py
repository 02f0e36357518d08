"""Training goes on in another domain, from what was learned and not from what happened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from adaptation.retrain import retrain
from adaptation.source import SourceRun
from contract.errors import TerrafirmaError
from policies.runtime import Policy
from policies.train import CHECKPOINT
from sim.contracts import unnamed_identity
from sim.domains.reader import parse_domain
from sim.robots import load_robot
from sim.tasks import make_task

STEPS = 120
WEAK = parse_domain("engine: pybullet\nparameters: {joint_strength: {lbr_iiwa_joint_1: 0.1}}\n", "weak")


def retrained(source: SourceRun, checkpoint: Path, folder: Path) -> Policy:
    identity = replace(unnamed_identity(make_task("reach", load_robot("iiwa"))), parent="a", method="retrain")
    spec = replace(source.spec, domain=WEAK)
    return retrain(source.config, spec, checkpoint, STEPS, identity, folder, 0, lambda *_: None)


def test_it_goes_on_from_the_weights_and_not_from_the_replay(source_run: SourceRun, tmp_path: Path) -> None:
    before = torch.load(source_run.checkpoint, weights_only=True)
    policy = retrained(source_run, source_run.checkpoint, tmp_path)
    assert (policy.contract.identity.parent, policy.contract.identity.method) == ("a", "retrain")
    after = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert after["steps"] == STEPS
    assert len(after["replay"]["rewards"]) == STEPS // source_run.config.environments
    # actions are the policy's own, not random ones at the start: neighbours are alike
    weights = "actor.mu.weight"
    moved = after["parameters"]["policy"][weights] - before["parameters"]["policy"][weights]
    assert 0.0 < moved.abs().max() < 0.5
    assert torch.equal(
        torch.load(source_run.checkpoint, weights_only=True)["replay"]["rewards"], before["replay"]["rewards"]
    )


def test_a_missing_checkpoint_is_named_and_nothing_is_left(source_run: SourceRun, tmp_path: Path) -> None:
    with pytest.raises(TerrafirmaError, match=r"gone\.pt"):
        retrained(source_run, tmp_path / "gone.pt", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_was_begun_otherwise_is_not_taken_up(source_run: SourceRun, tmp_path: Path) -> None:
    first = retrained(source_run, source_run.checkpoint, tmp_path)
    assert retrained(source_run, source_run.checkpoint, tmp_path).sha256 == first.sha256  # done already
    other = replace(source_run, config=source_run.config.model_copy(update={"gamma": 0.5}))
    with pytest.raises(TerrafirmaError, match="began otherwise"):
        retrained(other, source_run.checkpoint, tmp_path)
