"""Training ends once it is good enough, not before, and says which metric it does not know."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from contract.errors import UnknownNameError
from policies import curve
from policies.config import PpoConfig, StopConfig
from policies.curve import curve_until, met
from policies.train import CHECKPOINT, CURVE

CONFIG = PpoConfig(
    steps=3000, environments=2, workers=1, hidden=(16,), rollout_steps=32, minibatches=2, epochs=1
)
EASY = StopConfig(at_most={"distance": 10.0}, at_least={"success": 0.0}, hold=100)


def last_steps(run: Path) -> int:
    return int(json.loads((run / CURVE).read_text().splitlines()[-1])["steps"])


@pytest.fixture(autouse=True)
def short_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve, "WINDOW", 4)  # episodes of 60 steps


def test_a_run_ends_when_its_target_is_met_for_a_while(training: Callable[..., Any], tmp_path: Path) -> None:
    run = training(tmp_path, CONFIG.model_copy(update={"stop_at": EASY}))
    # the fourth episode of two environments ends at step 240; the next ends that are 100 steps later at 360
    assert last_steps(tmp_path) == 360
    assert run.policy.path.is_file()
    assert (tmp_path / CHECKPOINT).is_file()


def test_a_run_whose_target_is_out_of_reach_goes_on(training: Callable[..., Any], tmp_path: Path) -> None:
    hard = StopConfig(at_least={"success": 2.0}, hold=1)
    training(tmp_path, CONFIG.model_copy(update={"steps": 512, "stop_at": hard}))
    assert last_steps(tmp_path) == 512


def test_an_unknown_metric_brings_the_nearest(training: Callable[..., Any], tmp_path: Path) -> None:
    wrong = StopConfig(at_most={"distanse": 0.1})
    with pytest.raises(UnknownNameError, match=r"train\.stop_at: unknown metric 'distanse'.*'distance'"):
        training(tmp_path, CONFIG.model_copy(update={"stop_at": wrong}))


def test_all_bounds_have_to_hold() -> None:
    config = StopConfig(at_most={"error": 0.1}, at_least={"success": 0.9})
    assert met(config, {"error": 0.1, "success": 0.9})
    assert not met(config, {"error": 0.11, "success": 1.0})
    assert not met(config, {"error": 0.0, "success": 0.89})
    with pytest.raises(ValidationError, match="at least one metric"):
        StopConfig()


def test_a_curve_is_kept_up_to_a_step_without_what_was_torn(tmp_path: Path) -> None:
    path = tmp_path / CURVE
    assert curve_until(path, 10) == []
    path.write_text('{"steps": 5}\n{"steps": 10}\n{"steps": 15}\n{"ste')
    assert curve_until(path, 10) == [{"steps": 5}, {"steps": 10}]
