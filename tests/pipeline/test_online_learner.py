"""The process that learns beside a robot, on a real training run and an arm whose motor is weak."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.errors import TerrafirmaError
from contract.state import JointCommand
from pipeline.online_learner import read_log
from policies.runtime import Policy
from policies.train import POLICY
from sim.domains.reader import parse_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot
from tests.tiny_run import train_tiny_run

IIWA = load_robot("iiwa")
RATE, TICKS, STRETCH = 20.0, 50, 5
WEAK = "lbr_iiwa_joint_2"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny_run(tmp_path_factory.mktemp("online"))


def write_log(path: Path, parameters: str) -> Path:
    """Random steps of an arm in MuJoCo, as a policy node's ticks would tell them."""
    robot = SimulatedRobot(IIWA, parse_domain(f"engine: mujoco\nparameters: {parameters}\n", "hidden"))
    robot.reset()
    rng, rows = np.random.default_rng(0), []
    for _ in range(TICKS):
        state = robot.sense()
        set_point = state.joint_position + rng.uniform(-0.25, 0.25, 7)
        rows.append((set_point, state.joint_position.copy(), state.joint_velocity.copy()))
        robot.command(JointCommand.hold(set_point))
        robot.step(round(1.0 / (RATE * IIWA.time_step)))
    robot.close()
    command, position, velocity = (np.array(column) for column in zip(*rows, strict=True))
    starts = np.arange(0, TICKS, STRETCH)
    arrays = {"command": command, "position": position, "velocity": velocity}
    np.savez(path, rate=np.array(RATE), starts=starts, **arrays)
    return path


def ask(run: Path, out: Path, *requests: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """What the process answers to each; its last request is a broken one."""
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    command = [sys.executable, "-m", "pipeline.online_learner", str(run), str(out)]
    done = subprocess.run(command, input=lines + "{}\n", capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    grouped: list[list[dict[str, Any]]] = [[]]
    for answer in answers:
        grouped[-1].append(answer)
        if answer["kind"] != "found":
            grouped.append([])
    return grouped[:-1]


def test_it_finds_what_is_weak_and_learns_for_that(run: Path, tmp_path: Path) -> None:
    incumbent = run / "source" / POLICY
    weak = write_log(tmp_path / "weak.npz", f"{{joint_strength: {{{WEAK}: 0.1}}}}")
    sound = write_log(tmp_path / "sound.npz", "{}")
    request = {"number": 1, "log": str(weak), "incumbent": str(incumbent), "candidate": None}
    request |= {"search": True, "steps": 200}
    look = request | {"number": 2, "search": False}
    given = request | {"number": 3, "candidate": str(incumbent)}
    found, same, changed, judged, error = ask(
        run, tmp_path / "out", request, look, look | {"log": str(sound)}, given
    )
    strengths = found[0]["strengths"]
    assert strengths[WEAK] == pytest.approx(0.1, abs=0.02)
    assert found[0]["kind"] == "found"
    assert [answer["kind"] for answer in (same[0], changed[0], error[0])] == ["same", "changed", "error"]
    # of one policy there is one worth, whoever names it
    assert judged[-1]["candidate_return"] == judged[-1]["incumbent_return"]
    assert found[0]["source_return"] == judged[0]["source_return"]
    assert found[0]["incumbent_return"] < found[0]["source_return"]  # the arm cannot hold itself up
    candidate, parent = Policy(Path(found[-1]["path"])), Policy(run / "source" / POLICY)
    identity = candidate.contract.identity
    assert (identity.parent, identity.method) == (parent.sha256, "fine-tune-online")
    assert candidate.sha256 != parent.sha256
    assert np.isfinite(found[-1]["candidate_return"])


def test_a_log_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(TerrafirmaError, match="no log of joints"):
        read_log(path)
