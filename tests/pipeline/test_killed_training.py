"""A training that is killed in the middle goes on with the same curve."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from pipeline import run_report
from pipeline.cli import main
from policies.runtime import Policy

ROOT = Path(__file__).resolve().parents[2]
STEPS = 20_000
RECIPE = f"""\
name: killed
robot: iiwa
task: reach
source: nominal
train:
  algorithm: ppo
  steps: {STEPS}
  environments: 2
  workers: 1
  hidden: [16]
  rollout_steps: 32
  epochs: 1
evaluate:
  episodes: 1
"""


def lines(curve: Path) -> list[str]:
    return curve.read_text().splitlines() if curve.is_file() else []


def kill_in_the_middle(command: list[str], run: Path) -> None:
    """Start training, and SIGKILL it once it has a checkpoint and a curve that goes beyond it."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        checkpoint, curve = run / "checkpoint.pt", run / "metrics.jsonl"
        until = time.monotonic() + 200.0
        while not checkpoint.is_file():
            assert process.poll() is None, "ended by itself"
            assert time.monotonic() < until
            time.sleep(0.02)
        known = len(lines(curve))
        while len(lines(curve)) <= known:
            assert process.poll() is None, "ended by itself"
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    finally:
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None


@pytest.mark.timeout(400)
def test_a_killed_training_goes_on_with_the_same_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_report, "FILM_SECONDS", 0.5)
    recipe, run = tmp_path / "killed.yaml", tmp_path / "run"
    recipe.write_text(RECIPE)
    arguments = ["train", str(recipe), "--out", str(run)]
    kill_in_the_middle([sys.executable, "-m", "pipeline.cli", *arguments], run / "source")
    curve = run / "source" / "metrics.jsonl"
    before = [json.loads(line) for line in lines(curve)]
    saved = torch.load(run / "source" / "checkpoint.pt", weights_only=True)["steps"]
    assert 0 < saved < STEPS
    kept = [line for line in before if line["steps"] <= saved]

    assert main([*arguments, "--resume"]) == 0
    after = [json.loads(line) for line in lines(curve)]
    assert after[: len(kept)] == kept
    first = after[len(kept)]
    assert first["steps"] > saved
    assert first["seconds"] >= (kept[-1]["seconds"] if kept else 0.0)
    for name in ("steps", "seconds"):
        values = [line[name] for line in after]
        assert values == sorted(values)
    assert after[-1]["steps"] >= STEPS
    assert Policy(run / "source" / "policy.onnx").contract.identity.policy == "killed"
    assert (run / "report.html").is_file()
