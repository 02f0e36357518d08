"""Processes of a launch file live and die together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge.bag_reader import Bag
from robot_bridge.environment import DOMAIN, own_domain
from robot_bridge.launch_runner import run_launch_file

LAUNCH = Path(__file__).parents[2] / "launch"
SCRIPT = """
import sys
from pathlib import Path
from robot_bridge.launch_runner import run_launch_file
path, *words = sys.argv[1:]
arguments = dict(word.split(":=") for word in words if ":=" in word)
sys.exit(run_launch_file(Path(path), arguments, dict(word.split("=") for word in words if ":=" not in word)))
"""


def own_processes() -> dict[int, str]:
    """Command lines of the processes that this test has started and that still run, by pid."""
    marker = f"TERRAFIRMA_TEST={os.environ['TERRAFIRMA_TEST']}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) != os.getpid() and marker in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it ended, or is not ours
            continue
    return found


@pytest.fixture(autouse=True)
def end_own_processes(ros_domain: int) -> Iterator[None]:
    """Whatever a failing test leaves behind is ended by its pid."""
    yield
    for pid in own_processes():
        os.kill(pid, signal.SIGKILL)


def launched(name: str, arguments: dict[str, object], *environment: str) -> subprocess.Popen[bytes]:
    words = [*environment, *(f"{key}:={value}" for key, value in arguments.items())]
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(LAUNCH / name), *words])


def wait_for(executable: str) -> int:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for pid, command in own_processes().items():
            if f"robot_bridge.{executable}" in command:
                return pid
        time.sleep(0.05)
    raise AssertionError(f"{executable} never started")


def test_a_required_node_that_fails_ends_everything(tmp_path: Path) -> None:
    arguments = {"policy": str(tmp_path / "none.onnx"), "output": str(tmp_path / "bag")}
    assert run_launch_file(LAUNCH / "emulated.launch.xml", arguments) == 2
    assert own_processes() == {}


def test_the_cause_is_said_last_and_without_a_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none.onnx"
    arguments = {"policy": str(path), "output": str(tmp_path / "bag")}
    assert run_launch_file(LAUNCH / "emulated.launch.xml", arguments) == 2
    said = capfd.readouterr().err
    assert "Traceback" not in said
    last = said.strip().splitlines()[-1]
    assert re.search(rf"emulated\.launch\.xml:\d+: \w+ failed with code 2: {path}: no such policy file", last)


def test_a_killed_node_ends_everything(tmp_path: Path, iiwa_policy: Path) -> None:
    launch = launched("emulated.launch.xml", {"policy": iiwa_policy, "output": tmp_path / "bag"})
    robot = wait_for("emulated_robot_node")
    time.sleep(2.0)
    subprocess.run(["kill", "-9", str(robot)], check=True)
    assert launch.wait(20) == 128 + signal.SIGKILL
    assert own_processes() == {}


def test_a_loop_can_have_a_ros_domain_of_its_own(tmp_path: Path, iiwa_policy: Path, ros_domain: int) -> None:
    other = own_domain({}, process=ros_domain)[DOMAIN]
    assert int(other) != ros_domain
    arguments = {"policy": iiwa_policy, "output": tmp_path / "bag"}
    launch = launched("emulated.launch.xml", arguments, f"{DOMAIN}={other}")
    for node in ("emulated_robot_node", "policy_node", "recorder_node"):
        variables = Path(f"/proc/{wait_for(node)}/environ").read_bytes().split(b"\0")
        assert f"{DOMAIN}={other}".encode() in variables
    launch.send_signal(signal.SIGINT)
    assert launch.wait(20) == 128 + signal.SIGINT


def test_two_processes_get_two_ros_domains_unless_the_user_has_chosen_one() -> None:
    domains = {own_domain({}, process)[DOMAIN] for process in range(5000, 5101)}
    assert domains == {str(number) for number in range(1, 102)}
    assert own_domain({DOMAIN: "7"}, 5000) == {DOMAIN: "7"}


def test_ctrl_c_ends_a_deployment_in_order(tmp_path: Path, iiwa_policy: Path) -> None:
    robot = subprocess.Popen(
        [sys.executable, "-m", "robot_bridge.emulated_robot_node", "--ros-args", "-p", "autostart:=true"]
    )
    try:
        arguments = {"policy": iiwa_policy, "output": tmp_path / "bag", "autostart": "true"}
        launch = launched("deploy.launch.xml", arguments)
        bag = tmp_path / "bag"
        end = time.monotonic() + 20
        while not (bag.is_dir() and list(Bag(bag).messages(["/joint_states"]))) and time.monotonic() < end:
            time.sleep(0.2)
        launch.send_signal(signal.SIGINT)
        assert launch.wait(20) == 128 + signal.SIGINT
        assert list(own_processes()) == [robot.pid]
    finally:
        robot.terminate()
        robot.wait(10)
    assert len(list(Bag(bag).messages(["/joint_states"]))) > 10
    assert (bag / "metadata.yaml").read_text().count('"/joint_states"') == 1


def test_a_launcher_that_is_killed_takes_its_nodes_with_it(
    ros_domain: int, tmp_path: Path, iiwa_policy: Path
) -> None:
    launch = launched("emulated.launch.xml", {"policy": iiwa_policy, "output": tmp_path / "bag"})
    wait_for("policy_node")
    launch.kill()
    launch.wait()
    end = time.monotonic() + 20
    while own_processes() and time.monotonic() < end:
        time.sleep(0.05)
    assert own_processes() == {}


def test_what_cannot_run_is_refused_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "x.launch.xml"
    path.write_text("<launch>\n<node pkg='terrafirma' exec='recordr'/>\n</launch>")
    with pytest.raises(UnknownNameError, match=r"x\.launch\.xml:2: unknown executable 'recordr'.*'recorder'"):
        run_launch_file(path, {})
    path.write_text("<launch>\n<node pkg='demo_nodes_cpp' exec='talker'/>\n</launch>")
    with pytest.raises(TerrafirmaError, match=r"x\.launch\.xml:2: package 'demo_nodes_cpp'"):
        run_launch_file(path, {})
