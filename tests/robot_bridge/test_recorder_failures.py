"""A disk that is full, or slow, or nearly full: the recorder says so, and nobody moves unrecorded."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import JointState

from contract.errors import TerrafirmaError
from robot_bridge.background_writer import BackgroundWriter
from robot_bridge.bag import BagWriter
from robot_bridge.bag_reader import Bag
from robot_bridge.bag_repair import repair
from robot_bridge.losses import Losses
from robot_bridge.recording import check_free_space
from robot_bridge.transitions import load_transitions

TOPIC, KIND = "/joint_states", "sensor_msgs/msg/JointState"
PATIENCE = 60.0  # s


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder])
    if mounted.returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def begin(folder: Path) -> BagWriter:
    bag = BagWriter(folder, {"policy_sha256": "abc"})
    bag.add_topic(TOPIC, KIND)
    return bag


def said_by(observer: Any, node: str) -> list[tuple[bytes, str]]:
    said: list[tuple[bytes, str]] = []

    def take(message: DiagnosticArray) -> None:
        said.extend((status.level, status.message) for status in message.status if status.name == node)

    observer.node.create_subscription(DiagnosticArray, "/diagnostics", take, 50)
    return said


def test_a_full_disk_leaves_a_bag_that_can_be_read_and_repaired(small_disk: Path, tmp_path: Path) -> None:
    writer = BackgroundWriter(begin(small_disk / "bag"), 10_000_000)
    now = 1_795_000_000_000_000_000
    for i in range(1000):
        writer.put(TOPIC, i.to_bytes(4, "little") * 250, now + i * 10_000_000)
    writer.close({})
    assert isinstance(writer.error, OSError)
    assert "No space left on device" in str(writer.error)
    assert not writer.put(TOPIC, b"more", now)
    saved = [int.from_bytes(m.data[:4], "little") for m in Bag(small_disk / "bag").raw_messages()]
    assert saved == list(range(len(saved)))
    assert len(saved) > 150
    with pytest.raises(TerrafirmaError, match=r"cannot be repaired: .*No space left.*it is as it was"):
        repair(small_disk / "bag")
    assert len(list(Bag(small_disk / "bag").raw_messages())) == len(saved)
    shutil.copytree(small_disk / "bag", tmp_path / "copy")
    assert repair(tmp_path / "copy").was_needed
    assert len(list(Bag(tmp_path / "copy").raw_messages())) == len(saved)


def test_the_policy_holds_before_a_recorder_with_a_full_disk_ends(
    start: Callable[..., Any], observer: Any, tmp_path: Path, iiwa_policy: Path
) -> None:
    """A limit on the size of its files is a full disk to it."""
    policy_says, recorder_says = said_by(observer, "policy"), said_by(observer, "recorder")
    start("emulated_robot_node", robot="iiwa", autostart=True)
    start("commander_node", policy=iiwa_policy)
    recorder = start("recorder_node", output=tmp_path / "bag", policy=iiwa_policy, autostart=True)
    policy = start(
        *("policy_node",),
        policy=iiwa_policy,
        autostart=True,
        robot_timeout=PATIENCE,
        command_listeners=2,
        tick_listeners=1,
    )
    assert observer.until(lambda: any(message == "running" for _, message in policy_says), PATIENCE)
    observer.spin(2.0)
    limit = (tmp_path / "bag" / "bag_0.mcap").stat().st_size + 100_000
    resource.prlimit(recorder.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    assert observer.until(lambda: recorder.process.poll() is not None, PATIENCE)
    assert recorder.process.returncode == 2
    assert "File too large" in recorder.output()
    assert any(level == b"\x02" and "cannot write the bag" in message for level, message in recorder_says)
    assert observer.until(lambda: any(m == "holding: no_recorder" for _, m in policy_says), PATIENCE)
    assert policy.process.poll() is None
    assert len(load_transitions(tmp_path / "bag")) > 10


def test_a_nearly_full_disk_is_refused_before_anything_is_made(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    node = start("recorder_node", output=tmp_path / "a" / "bag", autostart=True, min_free_megabytes=1e9)
    assert node.process.wait(PATIENCE) == 2
    assert "MB are free there, parameter min_free_megabytes asks for 1e+09" in node.output()
    assert not (tmp_path / "a").exists()
    check_free_space(tmp_path / "a", 0.0)


def test_a_recorder_that_heard_nothing_leaves_nothing_in_the_way(
    start: Callable[..., Any], observer: Any, tmp_path: Path
) -> None:
    for _ in range(2):
        node = start("recorder_node", output=tmp_path / "bag", autostart=True)
        assert observer.until((tmp_path / "bag" / "metadata.yaml").is_file, PATIENCE)
        node.process.terminate()
        assert node.process.wait(PATIENCE) == 0
        assert "nothing came" in node.output()
        assert not (tmp_path / "bag").exists()


def test_a_time_in_which_nothing_came_is_a_failure(start: Callable[..., Any], tmp_path: Path) -> None:
    node = start("recorder_node", output=tmp_path / "bag", autostart=True, seconds=1.0)
    assert node.process.wait(PATIENCE) == 2
    assert "no topic was heard: is the robot up?" in node.output()
    assert not (tmp_path / "bag").exists()


def test_parameters_split_and_compress(start: Callable[..., Any], observer: Any, tmp_path: Path) -> None:
    node = start("recorder_node", output=tmp_path / "x", autostart=True, compression="gzip")
    assert node.process.wait(PATIENCE) == 2
    assert "unknown compression 'gzip'" in node.output()
    publisher = observer.node.create_publisher(JointState, TOPIC, 10)
    node = start(
        *("recorder_node",),
        output=tmp_path / "bag",
        autostart=True,
        compression="lz4",
        split_megabytes=0.01,
    )
    assert observer.until(lambda: publisher.get_subscription_count() > 0, PATIENCE)
    bag = tmp_path / "bag"
    observer.node.create_timer(0.005, lambda: publisher.publish(JointState(name=[os.urandom(200).hex()])))
    assert observer.until(lambda: len(list(bag.glob("*.mcap"))) > 2, PATIENCE)
    node.process.terminate()
    assert node.process.wait(PATIENCE) == 0
    assert not repair(bag).was_needed


def test_what_waits_for_a_slow_disk_is_bounded_and_what_is_dropped_counted(tmp_path: Path) -> None:
    writer = BackgroundWriter(begin(tmp_path / "bag"), 3_000_000)
    data, most = os.urandom(1_000_000), 0
    kept = 0
    for i in range(300):  # much faster than any disk
        kept += writer.put(TOPIC, data, i)
        most = max(most, writer.backlog)
    losses = Losses().total(writer.dropped)
    writer.close(losses)
    assert writer.error is None
    assert most <= 4_000_000
    assert kept + writer.dropped[TOPIC] == 300
    assert writer.dropped[TOPIC] > 0
    assert len(list(Bag(tmp_path / "bag").raw_messages())) == kept
    assert Bag(tmp_path / "bag").losses() == {TOPIC: writer.dropped[TOPIC]}


def test_gaps_between_ticks_are_losses_and_holds_are_none() -> None:
    losses = Losses()
    for session_tick in (5, 6, 9, 10, -1, -1, 0, 1, -1, 2, 3):
        losses.see_tick("/policy/tick", session_tick)
    # 7 and 8; after a hold, 0 and 1 of another session, of which 2 goes on
    assert losses.total({}) == {"/policy/tick": 2}
    losses.see_tick("/policy/tick", 3)  # a session whose first three ticks did not come
    assert losses.total({}) == {"/policy/tick": 5}
    losses.lose("/policy/tick", 1)  # told of one of them
    losses.lose("/joint_states", 4)
    assert losses.total({"/imu/data": 2, "/joint_states": 1}) == {
        "/imu/data": 2,
        "/joint_states": 5,
        "/policy/tick": 5,
    }
