"""The command line answers on stdout, and refuses with one clear paragraph and exit code 2."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
KEYS = {
    *("return_mean", "return_ci95", "success_rate", "success_ci95"),
    *("episodes", "domain", "policy_sha256", "metrics"),
}

Run = Callable[..., Any]


def one_object(text: str) -> dict[str, Any]:
    """The one JSON object that stdout holds, on one line."""
    assert text.endswith("\n")
    assert text.count("\n") == 1
    value = json.loads(text)
    assert isinstance(value, dict)
    return value


def test_check_says_what_a_policy_expects(terrafirma: Run, policy: Path) -> None:
    facts = one_object(terrafirma("check", policy, "--json").out)
    assert (facts["robot"], facts["task"], facts["control_rate"]) == ("iiwa", "reach", 20.0)
    assert len(facts["joints"]) == 7
    assert facts["recurrent_state"] == {}
    assert facts["golden_error"] < 1e-5
    assert facts["sha256"] == hashlib.sha256(policy.read_bytes()).hexdigest()
    plain = terrafirma("check", policy)
    assert plain.code == 0
    assert "lbr_iiwa_joint_1" in plain.out


DOMAIN = """\
description: written by somebody else, with every parameter that an arm has
engine: {engine}
parameters:
  gravity: 9.7
  ground_friction: 0.6
  tool_mass_offset: {{uniform: [0.0, 0.5]}}
  link_mass_scale: {{log_uniform: [0.9, 1.1]}}
  joint_strength: {{lbr_iiwa_joint_1: 0.0, lbr_iiwa_joint_2: {{uniform: [0.9, 1]}}}}
  joint_damping: 1.0
  action_latency: 0.02
  joint_position_noise: 0.001
  joint_velocity_noise: {{normal: [0.02, 0.005]}}
"""


@pytest.mark.parametrize("engine", ["pybullet", "mujoco"])
def test_evaluate_prints_one_object(terrafirma: Run, policy: Path, tmp_path: Path, engine: str) -> None:
    domain = tmp_path / "theirs.yaml"
    domain.write_text(DOMAIN.format(engine=engine))
    outcome = terrafirma("evaluate", policy, "--domain", domain, "--episodes", 2, "--json")
    assert outcome.code == 0
    result = one_object(outcome.out)
    assert set(result) >= KEYS
    assert result["episodes"] == 2
    assert result["domain"] == str(domain)
    assert result["policy_sha256"] == hashlib.sha256(policy.read_bytes()).hexdigest()
    for name in ("return", "success"):
        value = result["return_mean" if name == "return" else "success_rate"]
        low, high = result[f"{name}_ci95"]
        assert low <= value <= high
    assert 0.0 < result["metrics"]["distance"] < 2.0
    again = one_object(terrafirma("evaluate", policy, "--domain", domain, "--episodes", 2, "--json").out)
    changing = {"seconds"}
    assert {k: v for k, v in again.items() if k not in changing} == {
        k: v for k, v in result.items() if k not in changing
    }


def test_evaluate_in_words_and_with_a_shipped_domain(terrafirma: Run, policy: Path) -> None:
    outcome = terrafirma("evaluate", policy, "--domain", "iiwa-broken-joint", "--episodes", 1)
    assert outcome.code == 0
    assert "success_rate" in outcome.out
    assert "iiwa-broken-joint" in outcome.out


REFUSED_DOMAINS = {
    "unknown parameter": ("frictoin: 0.5", r"{file}:3: unknown domain parameter 'frictoin'. Did you mean"),
    "unit as a word": (
        "action_latency: 20 ms",
        "{file}:3: action_latency: expected a finite number in s, got '20 ms'",
    ),
    "wrong type": ("gravity: [1, 2]", "{file}:3: gravity: expected a finite number in m/s²"),
    "out of range": ("joint_strength: -1", "{file}:3: joint_strength: [-1, -1] 1 leaves the valid range"),
    "no such joint": ("joint_strength: {FR_hip_joint: 0}", "{file}:3: unknown joint of iiwa 'FR_hip_joint'"),
    "no such part": (
        "base_mass_offset: 1",
        "{file}:3: base_mass_offset needs a floating base, which iiwa lacks",
    ),
}


@pytest.mark.parametrize("mistake", REFUSED_DOMAINS)
def test_a_wrong_domain_is_refused(terrafirma: Run, policy: Path, tmp_path: Path, mistake: str) -> None:
    line, expected = REFUSED_DOMAINS[mistake]
    domain = tmp_path / "wrong.yaml"
    domain.write_text(f"engine: mujoco\nparameters:\n  {line}\n")
    before = contents(tmp_path)
    outcome = terrafirma("evaluate", policy, "--domain", domain, "--json")
    assert expected.format(file=domain) in outcome.error
    assert contents(tmp_path) == before


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


REFUSED_POLICIES = {
    "truncated": ({}, "not a readable ONNX file"),
    "contract edited by hand": ({"old": '"kp": 400.0', "new": '"kp": 300.0'}, "changed after export"),
    "golden trace edited": ({"golden_action": 0.01}, "changed after export"),
    "golden trace no longer matches": ({"golden_action": 0.01, "sealed": True}, "tick 0: action[0] is"),
    "contract that the trace contradicts": (
        {"old": '"scale": 4.0', "new": '"scale": 5.0', "sealed": True},
        "tick 0: observation[",
    ),
    "nonsense in the contract": (
        {"old": '"control_rate": 20.0', "new": '"control_rate": "fast"', "sealed": True},
        "contract.control_rate: expected float, got 'fast'",
    ),
    "another simulator's robot": (
        {"old": '"kp": 400.0', "new": '"kp": 300.0', "sealed": True},
        "trained with another 'joints' than this simulator has",
    ),
    "unknown robot": (
        {"old": '"robot": "iiwa"', "new": '"robot": "iiwo"', "sealed": True},
        "unknown robot 'iiwo'. Did you mean 'iiwa'?",
    ),
}


@pytest.mark.parametrize("mistake", REFUSED_POLICIES)
def test_a_wrong_policy_is_refused(
    terrafirma: Run, policy: Path, tamper: Run, tmp_path: Path, mistake: str
) -> None:
    change, expected = REFUSED_POLICIES[mistake]
    if mistake == "truncated":
        policy.write_bytes(policy.read_bytes()[:-200])
    else:
        tamper(policy, **change)
    before = contents(tmp_path)
    error = terrafirma("evaluate", policy, "--episodes", 1, "--json").error
    if mistake != "truncated":
        assert expected in error
    assert "arm.onnx" in error or "iiwa" in error or "iiwo" in error
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["check", "nowhere.onnx"], "nowhere.onnx: no such policy file"),
        (["check", "nobody"], "unknown policy (no such file either) 'nobody'"),
        (["evaluate", "{policy}", "--domain", "nominl"], "Did you mean 'nominal'"),
        (["evaluate", "{policy}", "--episodes", "0"], "--episodes 0: must be at least 1"),
        (["evaluate", "{policy}", "--seed", "-1"], "--seed -1: must be at least 0"),
        (["run", "iiwa-reech"], "unknown recipe (no such file either) 'iiwa-reech'. Did you mean"),
        (["adapt", "nowhere", "--samples", "bag"], "nowhere: holds no recipe.yaml"),
        (["launch", "emulate"], "Did you mean 'emulated.launch.xml'"),
        (["launch", "emulated", "robot=a1"], "launch argument 'robot=a1': expected name:=value"),
        (["emulate", "iwa"], "unknown robot 'iwa'. Did you mean 'iiwa'?"),
        (["emulate", "iiwa", "--domain", "legged-randomized"], "needs a floating base"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_argument_is_refused(
    terrafirma: Run,
    policy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = contents(tmp_path)
    assert expected in terrafirma(*(a.format(policy=policy) for a in arguments)).error
    assert contents(tmp_path) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"terrafirma {command}" in capsys.readouterr().out


def test_arguments_that_do_not_parse_end_with_2() -> None:
    for arguments in (["evaluate"], ["evalute", "x"], ["evaluate", "x", "--episodes", "many"], []):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2


def test_doctor_finds_what_these_tests_run_on(terrafirma: Run) -> None:
    outcome = terrafirma("doctor")
    assert outcome.code == 0
    assert "onnxruntime" in outcome.out


def in_a_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_a_process_keeps_stdout_for_the_answer(policy: Path, tmp_path: Path) -> None:
    """PyBullet and friends greet on the C library's stdout, which a test in this process may miss."""
    done = in_a_process("evaluate", policy, "--episodes", 1, "--json")
    assert done.returncode == 0, done.stderr
    assert set(one_object(done.stdout)) >= KEYS
    domain = tmp_path / "wrong.yaml"
    domain.write_text("engine: pybullet\nparameters: {gravty: 3}\n")
    done = in_a_process("evaluate", policy, "--domain", domain, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "unknown domain parameter 'gravty'. Did you mean 'gravity'?" in done.stderr
    assert "Traceback" not in done.stderr
