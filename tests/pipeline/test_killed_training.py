"""A training that is killed in the middle goes on with the same curve; one that is interrupted says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from pipeline import run_report
from pipeline.cli import main
from policies.runtime import Policy

ROOT = Path(__file__).resolve().parents[2]
STEPS = 6_000
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

# the command in a process of its own, which writes more often than people need
HASTY = """\
from policies import callbacks, curve
callbacks.Checkpoints.LEAST, curve.LearningCurve.EVERY = 0.3, 0.1
from pipeline.cli import main
raise SystemExit(main())
"""


def lines(curve: Path) -> list[str]:
    """Those that were written whole."""
    return curve.read_text().rpartition("\n")[0].splitlines() if curve.is_file() else []


@contextmanager
def in_the_middle(arguments: list[str], source: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A training between two checkpoints, with a curve that goes beyond the last."""
    command = [sys.executable, "-c", HASTY, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env=environment, start_new_session=True, stderr=stream)
    until = time.monotonic() + 200.0
    try:
        while not (source / "checkpoint.pt").is_file() or not 0 < saved(source) < newest(source):
            assert process.poll() is None, "ended by itself"
            assert time.monotonic() < until
            time.sleep(0.01)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def saved(source: Path) -> int:
    """Steps of the checkpoint; 0 as long as the curve begins after it."""
    steps = int(torch.load(source / "checkpoint.pt", weights_only=True)["steps"])
    kept = lines(source / "metrics.jsonl")
    return steps if kept and json.loads(kept[0])["steps"] <= steps else 0


def newest(source: Path) -> int:
    """Steps of the last whole line of the curve."""
    return int(json.loads(lines(source / "metrics.jsonl")[-1])["steps"])


@pytest.mark.timeout(400)
def test_a_killed_training_goes_on_with_the_same_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_report, "FILM_SECONDS", 0.5)
    recipe, run = tmp_path / "killed.yaml", tmp_path / "run"
    recipe.write_text(RECIPE)
    arguments = ["train", str(recipe), "--out", str(run)]
    with in_the_middle(arguments, run / "source", tmp_path / "log") as process:
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    curve = run / "source" / "metrics.jsonl"
    steps = saved(run / "source")
    before = [json.loads(line) for line in lines(curve)]
    kept = [line for line in before if line["steps"] <= steps]
    assert 0 < len(kept) < len(before)
    assert steps < STEPS

    assert main([*arguments, "--resume"]) == 0
    after = [json.loads(line) for line in lines(curve)]
    assert after[: len(kept)] == kept
    assert after[len(kept)]["steps"] > steps
    for name in ("steps", "seconds"):
        values = [line[name] for line in after]
        assert values == sorted(values)
    assert after[-1]["steps"] >= STEPS
    assert Policy(run / "source" / "policy.onnx").contract.identity.policy == "killed"
    assert (run / "report.html").is_file()


@pytest.mark.timeout(300)
def test_an_interrupted_training_says_how_it_goes_on(tmp_path: Path) -> None:
    recipe, run, log = tmp_path / "interrupted.yaml", tmp_path / "run", tmp_path / "log"
    recipe.write_text(RECIPE.replace("environments: 2\n  workers: 1", "environments: 4\n  workers: 4"))
    with in_the_middle(["train", str(recipe), "--out", str(run)], run / "source", log) as process:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of its processes
        assert process.wait(60) == 130
    said = log.read_text()
    assert "Traceback" not in said
    assert said.splitlines()[-1].endswith(f"--out {run} --resume")
