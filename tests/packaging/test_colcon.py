"""A real `colcon build`, plain and with symlinks, and the package used from its overlay."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

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


def sourced(workspace: Path, command: str) -> list[str]:
    """`command` in a shell that has sourced the overlay, with this environment's python first."""
    bash = shutil.which("bash")
    assert bash
    path = f"{Path(sys.executable).parent}:$PATH"
    return [bash, "-c", f"source {workspace}/install/setup.bash && cd / && PATH={path} exec {command}"]


def in_overlay(workspace: Path, code: str) -> str:
    """Standard output of `code`, run with this environment's libraries and the overlay's terrafirma."""
    command = sourced(workspace, f"{sys.executable} -c '{code}'")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def speaks(name: str, patience: float) -> bool:
    """Whether a node called `name` says within `patience` s how it is."""
    context = Context()
    rclpy.init(context=context)
    node = rclpy.create_node("listener", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    heard: set[str] = set()

    def listen(message: DiagnosticArray) -> None:
        heard.update(status.name for status in message.status)

    node.create_subscription(DiagnosticArray, "/diagnostics", listen, 10)
    end = time.monotonic() + patience
    while name not in heard and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown(context=context)
    return name in heard


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


@pytest.mark.parametrize(
    "name", ["policy_node", "emulated_robot", "recorder", "commander", "viewer", "terrafirma"]
)
def test_ros2_run_would_find(workspace: Path, name: str) -> None:
    executable = workspace / "install/terrafirma/lib/terrafirma" / name
    assert os.access(executable, os.X_OK)


def test_a_node_runs_from_the_overlay(workspace: Path) -> None:
    """As `ros2 run terrafirma emulated_robot` would start it, until Ctrl-C."""
    executable = workspace / "install/terrafirma/lib/terrafirma/emulated_robot"
    node = subprocess.Popen(sourced(workspace, f"{executable} --ros-args -p autostart:=true"))
    try:
        assert speaks("emulated_robot", 60)
        node.send_signal(signal.SIGINT)
        assert node.wait(30) == 0
    finally:
        node.kill()
        node.wait()


def test_launch_uses_the_files_of_the_overlay(workspace: Path, tmp_path: Path) -> None:
    arguments = f"policy:={tmp_path}/none.onnx output:={tmp_path}/bag"
    command = sourced(workspace, f"{sys.executable} -m pipeline.cli launch emulated {arguments}")
    launch = subprocess.run(command, capture_output=True, text=True, check=False)
    assert launch.returncode == 2
    file = Path(launch.stderr.strip().splitlines()[-1].partition(":")[0])
    assert file.name == "emulated.launch.xml"
    assert file.is_relative_to(workspace)
