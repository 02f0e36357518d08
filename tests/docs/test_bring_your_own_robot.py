"""docs/bring-your-own-robot.md, every block as written and in order, in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contract.rotation import tilt
from robot_bridge.bag_reader import Bag
from robot_bridge.transitions import load_transitions

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "bring-your-own-robot.md"
BLOCK = re.compile(r"^```(bash|yaml|python)(?: title=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE = 400.0  # s for one block


@dataclass(frozen=True)
class Block:
    """A fenced block: a script, or a file with its name."""

    language: str
    title: str
    text: str


def blocks() -> list[Block]:
    return [Block(*match) for match in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of a user whose virtual environment is active, also where the command is not installed."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    python = shlex.quote(sys.executable)
    for name, arguments in (("python", ""), ("terrafirma", "-m pipeline.cli ")):
        script = bin_folder / name
        script.write_text(f'#!/bin/sh\nexec {python} {arguments}"$@"\n')
        script.chmod(0o755)
    path = os.pathsep.join([str(bin_folder), os.environ["PATH"]])
    # ROS_DOMAIN_ID and local discovery are those of this process (tests/conftest.py)
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def run(block: Block, folder: Path, environment: dict[str, str]) -> str:
    """What the block printed; all of its processes have ended."""
    process = subprocess.Popen(
        ["bash", "-e", "-c", block.text],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)  # its own session: nobody else's processes
        process.wait()
        raise
    assert process.returncode == 0, f"{block.text}\n{output}"
    return output


def test_every_block_says_what_it_is() -> None:
    """A block that is neither a script nor a file with a name would not be run."""
    fences = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("```")]
    assert {line.split()[0] for line in fences} == {"```", "```bash", "```yaml", "```python"}
    assert all(block.title for block in blocks() if block.language != "bash")
    assert sum(block.language == "bash" for block in blocks()) >= 8
    opened = sum(line != "```" for line in fences)
    assert len(blocks()) == opened


def test_the_page_as_written(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    said = {}
    for block in blocks():
        if block.language == "bash":
            said[block.text] = run(block, folder, environment)
        else:
            (folder / block.title).write_text(block.text, encoding="utf-8")
    check_joint_order(said)
    check_walk(folder)
    for picture in ("my-dog.png", "walk.png"):
        assert np.ptp(np.asarray(Image.open(folder / picture).convert("L"))) > 100  # something is drawn


def check_joint_order(said: dict[str, str]) -> None:
    """Refused in the wrong order, taken in the right one."""
    refused, taken = [output for text, output in said.items() if "--controllers" in text]
    refusal = " ".join(refused.split())
    assert "number 0 is 'FL_hip_motor_2_chassis_joint', not 'FR_hip_motor_2_chassis_joint'" in refusal
    assert "same joints, same order" in taken


def check_walk(folder: Path) -> None:
    """Asked for 4 m in 10 s, of which one ramps in: at least half of it, upright and straight."""
    poses = [message.data.pose for message in Bag(folder / "bag").messages(["/emulated_robot/truth"])]
    place = np.array([(p.position.x, p.position.y, p.position.z) for p in poses])
    turn = np.array([(p.orientation.x, p.orientation.y, p.orientation.z, p.orientation.w) for p in poses])
    assert place[-1, 0] - place[0, 0] > 2.0
    assert np.abs(place[:, 1]).max() < 1.0
    assert place[:, 2].min() > 0.3  # it stands at 0.38
    assert tilt(turn).max() < 0.4
    transitions = load_transitions(folder / "bag")
    assert transitions.running_ticks == 500
    assert transitions.observation_error <= 1e-6
