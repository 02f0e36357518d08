"""A bag becomes a moving picture of the robot that it is of."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from PIL import Image
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from policies.runtime import Policy
from robot_bridge.bag import BagWriter
from sim.robots import load_robot

Run = Callable[..., Any]
START = 1_795_000_000_000_000_000  # ns
TOPICS = {
    "joint_states": "sensor_msgs/msg/JointState",
    "emulated_robot/truth": "geometry_msgs/msg/PoseStamped",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_walk(folder: Path, seconds: float, pause: float = 0.0, roots: tuple[str, ...] = ("",)) -> None:
    """A stiff a1 that rolls over, 50 times a second; after half of it nothing comes for a while."""
    spec = load_robot("a1")
    bag = BagWriter(folder, {})
    for root in roots:
        for name, kind in TOPICS.items():
            bag.add_topic(f"{root}/{name}", kind)
    joints = JointState(name=[joint.name for joint in spec.joints][::-1])
    joints.position = [joint.default_position for joint in spec.joints][::-1]
    count = round(50 * seconds)
    for k in range(count):
        now = START + k * 20_000_000 + (k >= count // 2) * round(pause * 1e9)
        base = PoseStamped()
        base.pose.position.z = 0.3
        angle = 3.0 * k / count
        base.pose.orientation.x, base.pose.orientation.w = np.sin(angle / 2), np.cos(angle / 2)
        for root in roots:
            bag.write(f"{root}/joint_states", serialize_message(joints), now)
            bag.write(f"{root}/emulated_robot/truth", serialize_message(base), now)
    bag.close()


def frames(path: Path) -> list[np.ndarray]:
    with Image.open(path) as picture:
        found = []
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            found.append(np.asarray(picture.convert("RGB"), dtype=float))
    return found


def test_a_policy_s_bag_says_which_robot_it_is_of(
    terrafirma: Run, record: Run, policy: Path, tmp_path: Path
) -> None:
    record(tmp_path / "bag", Policy(policy))
    result = terrafirma("film", tmp_path / "bag", "--seconds", 2, "--frame-rate", 5)
    assert (result.code, result.out) == (0, "bag.webp: 10 pictures, 2.0 s\n")
    shown = frames(Path("bag.webp"))
    assert np.abs(shown[-1] - shown[0]).max() > 50  # the arm has moved


def test_the_base_moves_as_it_truly_did(terrafirma: Run, tmp_path: Path) -> None:
    write_walk(tmp_path / "bag", 2.0)
    assert terrafirma("film", tmp_path / "bag", "--robot", "a1", "--out", "a.webp").code == 0
    shown = frames(Path("a.webp"))
    assert len(shown) == 20
    steps = [np.abs(after - before).mean() for before, after in pairwise(shown)]
    assert min(steps) > 0.1  # it rolls over, from each picture to the next


def test_time_in_which_nothing_came_is_shown_too(terrafirma: Run, tmp_path: Path) -> None:
    write_walk(tmp_path / "bag", 2.0, pause=1.0)
    terrafirma("film", tmp_path / "bag", "--robot", "a1", "--out", "a.webp")
    with Image.open("a.webp") as picture:
        total = 0
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            total += picture.info["duration"]
    assert total == pytest.approx(3000, abs=100)


def test_one_of_several_robots_is_shown(terrafirma: Run, tmp_path: Path) -> None:
    write_walk(tmp_path / "bag", 0.5, roots=("/left", "/right"))
    result = terrafirma("film", tmp_path / "bag", "--robot", "a1")
    assert result.code == 2
    assert "joint states of /left, /right; choose one with --namespace" in result.error
    assert terrafirma("film", tmp_path / "bag", "--robot", "a1", "--namespace", "left").code == 0
    assert "'/right'" in terrafirma("film", tmp_path / "bag", "--robot", "a1", "--namespace", "rigth").error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "does not say which robot it is of; name it with --robot"),
        (["--robot", "iiwa"], "lack: lbr_iiwa_joint_1"),
        (["--robot", "a2"], "unknown robot 'a2'"),
        (["--robot", "a1", "--out", "a.gif"], "does not end in .webp"),
        (["--robot", "a1", "--begin", "5"], "has no joint states after 5 s"),
        (["--robot", "a1", "--seconds", "0"], "--seconds: 0.0 is not more than 0"),
        (["--robot", "a1", "--frame-rate", "0.1"], "--frame-rate: 0.1 is not within 1 and 50"),
    ],
)
def test_mistakes_are_named(terrafirma: Run, tmp_path: Path, arguments: list[str], message: str) -> None:
    write_walk(tmp_path / "bag", 0.5)
    result = terrafirma("film", tmp_path / "bag", *arguments)
    assert result.code == 2
    assert message in result.error
    assert not list(Path().glob("*.webp"))
