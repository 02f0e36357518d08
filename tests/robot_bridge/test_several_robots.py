"""Two emulated robots in two namespaces do not notice each other."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from contract.errors import TerrafirmaError
from contract.record import Contract
from robot_bridge.bag_reader import Bag
from robot_bridge.tick import Mode, decode

ROBOTS = ("robot_1", "robot_2")
ENOUGH = 10  # running ticks, half a second

pytestmark = pytest.mark.timeout(300)


def modes(folder: Path, robot: str) -> Counter[Mode]:
    """Ticks so far, by mode; none before there is a bag."""
    try:
        messages = list(Bag(folder / robot).messages([f"/{robot}/policy/tick"]))
    except TerrafirmaError:
        return Counter()
    return Counter(decode(message.data).mode for message in messages)


def diagnostics(folder: Path, robot: str) -> dict[str, list[dict[str, str]]]:
    """What each node said, by its name."""
    said: dict[str, list[dict[str, str]]] = {}
    for message in Bag(folder / robot).messages(["/diagnostics"]):
        for status in message.data.status:
            values = {item.key: item.value for item in status.values}
            said.setdefault(status.name, []).append({"message": status.message, **values})
    return said


@pytest.fixture
def patient_policy(iiwa_contract: Contract, policy_for: Callable[[Contract], Path]) -> Path:
    """Eight processes share the computer's cores; whether they are prompt is not the question here."""
    safety = replace(iiwa_contract.safety, sensor_timeout=1.0, ramp_in=0.1)
    return policy_for(replace(iiwa_contract, safety=safety))


def test_each_robot_has_its_own_policy_and_bag(ros_domain: int, tmp_path: Path, patient_policy: Path) -> None:
    command = [sys.executable, "-m", "pipeline.cli", "launch", "several"]
    launch = subprocess.Popen([*command, f"policy:={patient_policy}", f"output:={tmp_path}"])
    try:
        end = time.monotonic() + 200
        while time.monotonic() < end and launch.poll() is None:
            if all(modes(tmp_path, robot)[Mode.RUNNING] >= ENOUGH for robot in ROBOTS):
                break
            time.sleep(0.5)
        launch.send_signal(signal.SIGINT)
        assert launch.wait(30) == 128 + signal.SIGINT
    finally:
        launch.kill()
        launch.wait()
    for robot in ROBOTS:
        assert modes(tmp_path, robot)[Mode.RUNNING] >= ENOUGH
        topics = Bag(tmp_path / robot).topics()
        # only what all robots share is outside of the namespace
        assert {name for name in topics if not name.startswith(f"/{robot}/")} == {"/diagnostics"}
        said = diagnostics(tmp_path, robot)
        assert {f"{each}/policy" for each in ROBOTS} <= set(said)
        for each in ROBOTS:
            assert not [words for words in said[f"{each}/policy"] if "stranger" in str(words)]
