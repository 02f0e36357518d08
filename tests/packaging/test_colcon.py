"""A real `colcon build`, plain and with symlinks, and the package used from its overlay."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-colcon"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def colcon() -> Path:
    """colcon beside the setuptools of current ROS 2 releases, in an environment that is kept."""
    stamp = ENVIRONMENT / ".installed"
    if not stamp.is_file():
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "-qq", "install"]
        subprocess.run([*pip, "setuptools == 68.*", "colcon-common-extensions"], check=True)
        stamp.touch()
    return ENVIRONMENT / "bin" / "colcon"


@pytest.fixture(scope="module", params=["plain", "symlink"])
def workspace(
    request: pytest.FixtureRequest,
    colcon: Path,
    copy_of_repository: Callable[[Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    copy_of_repository(folder / "src" / "terrafirma")
    options = ["--symlink-install"] if request.param == "symlink" else []
    search = f"{colcon.parent}{os.pathsep}{os.environ['PATH']}"
    built = subprocess.run(
        [colcon, "build", *options],
        cwd=folder, env={**os.environ, "PATH": search}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    assert "1 package finished" in built.stdout
    return folder


def in_overlay(workspace: Path, code: str) -> str:
    """Standard output of `code`, run with this environment's libraries and the overlay's terrafirma."""
    script = f"source {workspace}/install/setup.bash && cd / && exec {sys.executable} -c '{code}'"
    bash = shutil.which("bash")
    assert bash
    return subprocess.run([bash, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_the_overlay_is_imported(workspace: Path) -> None:
    found = in_overlay(workspace, "import robot_bridge.policy_core as m; print(m.__file__)")
    assert Path(found).is_relative_to(workspace)


def test_the_ament_index_knows_the_package(workspace: Path) -> None:
    share = in_overlay(
        workspace,
        'from ament_index_python import get_package_share_directory as f; print(f("terrafirma"))',
    )
    assert Path(share) == workspace / "install/terrafirma/share/terrafirma"
    assert {path.name for path in Path(share, "launch").iterdir()} == {
        path.name for path in (ROOT / "launch").glob("*.launch.xml")
    }


@pytest.mark.parametrize("name", ["policy_node", "emulated_robot", "recorder", "commander", "terrafirma"])
def test_ros2_run_would_find(workspace: Path, name: str) -> None:
    executable = workspace / "install/terrafirma/lib/terrafirma" / name
    assert os.access(executable, os.X_OK)
