"""Each method runs on a real source run and a real recording, and ends in an exportable policy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from adaptation import darc, fine_tune
from adaptation.darc import DarcConfig
from adaptation.fine_tune import FineTuneConfig
from adaptation.method import Adapted
from adaptation.source import SourceRun
from adaptation.target import LogTarget
from adaptation.transfer_buffer import TransferBuffer
from adaptation.transitions import Transitions
from contract.errors import TerrafirmaError
from policies.export import export
from policies.networks import deployed_policy
from policies.runtime import Policy
from policies.train import golden_readings

Reports = list[tuple[int, dict[str, float]]]
DARC = DarcConfig(steps=600, warm_up_updates=24, classifier_updates_per_step=0.1, classifier_batch=32)


def exported(adapted: Adapted, source: SourceRun, path: Path) -> Policy:
    contract = replace(adapted.contract, identity=replace(adapted.contract.identity, method="test"))
    network = deployed_policy(adapted.model, None, contract.action.scale)
    return export(network, contract, golden_readings(source.spec, 0), path)


def stored_replay(source: SourceRun) -> dict[str, torch.Tensor]:
    replay: dict[str, torch.Tensor] = torch.load(source.checkpoint, weights_only=True)["replay"]
    return replay


@pytest.fixture(scope="module")
def darc_result(source_run: SourceRun, target_transitions: Transitions) -> tuple[Adapted, Reports]:
    reports: Reports = []
    target = LogTarget(target_transitions, steps=170)
    return darc.adapt(DARC, source_run, target, 0, lambda *r: reports.append(r)), reports


def test_darc_gives_a_policy(
    darc_result: tuple[Adapted, Reports], source_run: SourceRun, tmp_path: Path
) -> None:
    adapted, _ = darc_result
    assert adapted.target_steps == 170
    policy = exported(adapted, source_run, tmp_path / "darc.onnx")
    assert policy.contract.joint_names == adapted.contract.joint_names
    assert np.abs(policy(np.zeros(policy.contract.observation_size, np.float32))).max() <= 0.25


def test_darc_trains_on_from_the_source_run(
    darc_result: tuple[Adapted, Reports], source_run: SourceRun
) -> None:
    model = darc_result[0].model
    state = torch.load(source_run.checkpoint, weights_only=True)
    assert model.num_timesteps == state["steps"] + DARC.steps
    before = state["parameters"]["policy"]["actor.mu.weight"]
    assert not torch.equal(model.policy.state_dict()["actor.mu.weight"], before)


def test_darc_stores_the_source_s_own_rewards(
    darc_result: tuple[Adapted, Reports], source_run: SourceRun
) -> None:
    buffer, replay = darc_result[0].model.replay_buffer, stored_replay(source_run)
    assert isinstance(buffer, TransferBuffer)
    size = len(replay["rewards"])
    assert buffer.size() == size + DARC.steps // source_run.config.environments
    assert np.array_equal(buffer.rewards[:size], replay["rewards"].numpy())
    new = buffer.rewards[size : buffer.size()]
    assert -2.0 < new.min() <= new.max() < 0.25  # as reach rewards are; no Δr in them


def test_darc_reports_what_tells_whether_it_works(darc_result: tuple[Adapted, Reports]) -> None:
    (steps, metrics), *_ = darc_result[1]
    assert steps == 500
    assert set(metrics) >= {"return", "loss_sa", "loss_sas", "delta_r"}
    assert 0.0 < metrics["loss_sas"] < 1.0
    assert metrics["delta_r"] < 0.0  # the source does what the broken arm cannot


def test_without_relabelling_there_is_no_gap_model(
    source_run: SourceRun, target_transitions: Transitions
) -> None:
    config = DARC.model_copy(update={"relabel": False, "target_fraction": 0.5, "steps": 40})
    adapted = darc.adapt(config, source_run, LogTarget(target_transitions), 0, lambda *r: None)
    buffer = adapted.model.replay_buffer
    assert isinstance(buffer, TransferBuffer)
    assert buffer.gap is None
    assert buffer.mean_bonus == 0.0


def test_fine_tuning_learns_from_the_target_alone(
    source_run: SourceRun, target_transitions: Transitions, tmp_path: Path
) -> None:
    reports: Reports = []
    target = LogTarget(target_transitions)
    adapted = fine_tune.adapt(FineTuneConfig(updates=60), source_run, target, 0, lambda *r: reports.append(r))
    state = torch.load(source_run.checkpoint, weights_only=True)
    assert adapted.model.num_timesteps == state["steps"]  # not one more step in the source
    assert adapted.target_steps == len(target_transitions)
    assert reports[-1][0] == 60
    assert {"critic_loss", "actor_loss"} <= set(reports[-1][1])
    batch = adapted.model.replay_buffer.sample(200)
    known = {row.tobytes() for row in target_transitions.observation}
    assert {row.tobytes() for row in batch.observations.numpy()} <= known
    policy = exported(adapted, source_run, tmp_path / "tuned.onnx")
    before = state["parameters"]["policy"]["actor.mu.weight"]
    assert not torch.equal(adapted.model.policy.state_dict()["actor.mu.weight"], before)
    assert policy.contract.identity.method == "test"


def test_a_missing_checkpoint_is_named(source_run: SourceRun, target_transitions: Transitions) -> None:
    gone = replace(source_run, checkpoint=source_run.checkpoint.with_name("gone.pt"))
    with pytest.raises(TerrafirmaError, match=r"gone\.pt"):
        fine_tune.adapt(FineTuneConfig(updates=1), gone, LogTarget(target_transitions), 0, lambda *r: None)
