"""A robot has neither torch nor a simulator: everything it runs must work without them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-robot"
PYTHON = ENVIRONMENT / "bin" / "python"
FORBIDDEN = ("torch", "pybullet", "mujoco", "gymnasium", "stable_baselines3", "sb3_contrib")

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def robot_python() -> Path:
    """An environment with the base install and ROS, made once and kept until setup.cfg changes."""
    stamp = ENVIRONMENT / ".installed"
    fingerprint = sha256((ROOT / "setup.cfg").read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != fingerprint:
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        subprocess.run([PYTHON, "-m", "pip", "-qq", "install", "-e", f"{ROOT}[ros]"], check=True)
        stamp.write_text(fingerprint)
    return PYTHON


def robot(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run in the robot's environment, started as a user's shell would start it."""
    ours = ("PYTHON", "_ROS_WHEELS", "LD_LIBRARY_PATH", "AMENT_PREFIX_PATH", "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("module", FORBIDDEN)
def test_training_packages_are_absent(robot_python: Path, tmp_path: Path, module: str) -> None:
    result = robot(robot_python, "-c", f"import {module}", cwd=tmp_path)
    assert "ModuleNotFoundError" in result.stderr


@pytest.mark.parametrize(
    "module",
    [
        "contract.session",
        "contract.golden",
        "policies.runtime",
        "robot_bridge.policy_node",
        "robot_bridge.recorder_node",
        "robot_bridge.commander_node",
        "pipeline.cli",
    ],
)
def test_module_imports(robot_python: Path, tmp_path: Path, module: str) -> None:
    result = robot(robot_python, "-c", f"import {module}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr


RUN = """
import json, sys
from pathlib import Path
import numpy as np
from contract.state import RobotState
from policies.runtime import Policy
policy = Policy(Path(sys.argv[1]))
session = policy.session()
n = len(policy.contract.joints)
positions = []
for step in range(5):
    state = RobotState(np.full(n, 0.01 * step), np.zeros(n), np.zeros(n))
    action = policy(session.observe(state, np.array(policy.contract.command.neutral)))
    positions.append(session.act(action).position.tolist())
print(json.dumps(positions))
"""


def test_a_policy_gives_the_same_set_points(robot_python: Path, policy_file: Path, tmp_path: Path) -> None:
    there = robot(robot_python, "-c", RUN, policy_file, cwd=tmp_path)
    assert there.returncode == 0, there.stderr
    here = subprocess.run(
        [sys.executable, "-c", RUN, policy_file], cwd=ROOT, capture_output=True, text=True, check=True
    )
    np.testing.assert_allclose(json.loads(there.stdout), json.loads(here.stdout), rtol=0, atol=1e-6)


def test_check_accepts_a_policy(robot_python: Path, policy_file: Path, tmp_path: Path) -> None:
    result = robot(ENVIRONMENT / "bin" / "terrafirma", "check", policy_file, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "arm-test" in result.stdout


def test_check_refuses_a_truncated_policy(robot_python: Path, policy_file: Path, tmp_path: Path) -> None:
    policy_file.write_bytes(policy_file.read_bytes()[:-100])
    result = robot(ENVIRONMENT / "bin" / "terrafirma", "check", policy_file, cwd=tmp_path)
    assert result.returncode == 2
    assert str(policy_file) in result.stderr + result.stdout
    assert "Traceback" not in result.stderr
