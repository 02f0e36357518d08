"""A bag that was cut off becomes a complete one, and nothing of it is lost."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import JointState

from contract.errors import TerrafirmaError
from pipeline.cli import main
from robot_bridge.bag import BagWriter
from robot_bridge.bag_file import COMPRESSIONS
from robot_bridge.bag_reader import Bag
from robot_bridge.bag_repair import repair
from robot_bridge.bag_salvage import read_summary

START = 1_795_000_000_000_000_000
TOPIC = "/joint_states"


def write(folder: Path, compression: str = "none", split_bytes: int = 0) -> BagWriter:
    bag = BagWriter(folder, {"policy_sha256": "abc"}, compression, split_bytes)
    bag.add_topic(TOPIC, "sensor_msgs/msg/JointState")
    for i in range(2000):
        bag.write(TOPIC, os.urandom(100), START + i * 10_000_000)
    return bag


def raw(path: Path) -> list[tuple[int, int, bytes]]:
    """Every message as it stands in the files, from the first record to where they end."""
    return [(m.log_time, m.sequence, m.data) for m in Bag(path).raw_messages()]


def folder_of(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("share", [0.4, 0.97, 1.0])
def test_a_cut_file_is_completed(tmp_path: Path, compression: str, share: float) -> None:
    write(tmp_path / "bag", compression).close()
    file = tmp_path / "bag" / "bag_0.mcap"
    cut = file.read_bytes()[: round(share * file.stat().st_size) - 5]
    file.write_bytes(cut)
    (tmp_path / "bag" / "metadata.yaml").unlink()
    before = raw(tmp_path / "bag")
    done = repair(tmp_path / "bag")
    assert raw(tmp_path / "bag") == before
    assert len(before) > 700
    assert done.salvaged[file].summary.message_count == len(before)
    assert done.salvaged[file].seconds == pytest.approx((before[-1][0] - before[0][0]) * 1e-9)
    assert (tmp_path / "bag" / "bag_0.mcap.damaged").read_bytes() == cut
    assert Bag(tmp_path / "bag").metadata() == {"policy_sha256": "abc"}
    with AnyReader([tmp_path / "bag"]) as reader:
        assert [(c.topic, c.msgcount) for c in reader.connections] == [(TOPIC, len(before))]
    after = folder_of(tmp_path / "bag")
    assert not repair(tmp_path / "bag").was_needed
    assert folder_of(tmp_path / "bag") == after


def test_only_the_last_file_of_a_split_bag_is_damaged(tmp_path: Path) -> None:
    write(tmp_path / "bag", split_bytes=60_000).abandon()
    files = Bag(tmp_path / "bag").files
    complete = {file: file.read_bytes() for file in files[:-1]}
    before = raw(tmp_path / "bag")
    done = repair(tmp_path / "bag")
    assert list(done.salvaged) == files[-1:]
    assert len(complete) > 2
    assert {file: file.read_bytes() for file in files[:-1]} == complete
    index = json.loads((tmp_path / "bag" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert index["message_count"] == len(before) == len(raw(tmp_path / "bag"))
    assert index["relative_file_paths"] == [file.name for file in files]


def test_a_chunk_that_is_broken_costs_only_itself(tmp_path: Path) -> None:
    write(tmp_path / "bag").close()
    file = tmp_path / "bag" / "bag_0.mcap"
    data = bytearray(file.read_bytes()[:-100])
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    done = repair(file)
    assert done.salvaged[file].broken_chunks == 1
    assert 1900 < len(raw(tmp_path / "bag")) < 2000


def test_what_a_power_cut_leaves_behind_the_data_is_cut_away(tmp_path: Path) -> None:
    """Some file systems fill the end with zeros."""
    write(tmp_path / "bag").abandon()
    file = tmp_path / "bag" / "bag_0.mcap"
    before = raw(file)
    for tail in (b"\0" * 10_000, b"\x06\xff\xff" * 1000):
        damaged = tmp_path / f"{len(tail)}.mcap"
        damaged.write_bytes(file.read_bytes() + tail)
        repair(damaged)
        assert raw(damaged) == before


def test_nothing_is_changed_that_is_no_bag_or_is_still_written(tmp_path: Path) -> None:
    (tmp_path / "text.mcap").write_text("not a bag, but long enough to look for its beginning")
    with pytest.raises(TerrafirmaError, match="not an MCAP file, or nothing of it is left"):
        repair(tmp_path / "text.mcap")
    assert [file.name for file in tmp_path.iterdir()] == ["text.mcap"]
    bag = write(tmp_path / "bag")
    with pytest.raises(TerrafirmaError, match="a recorder still writes it"):
        repair(tmp_path / "bag")
    bag.close()
    assert not repair(tmp_path / "bag").was_needed


def test_an_earlier_original_is_never_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "bag").abandon()
    kept = tmp_path / "bag" / "bag_0.mcap.damaged"
    kept.write_text("of an earlier repair")
    with pytest.raises(TerrafirmaError, match=r"bag_0\.mcap\.damaged: is kept from an earlier repair"):
        repair(tmp_path / "bag")
    kept.unlink()
    os.link(tmp_path / "bag" / "bag_0.mcap", kept)  # a repair that was cut off before its last step
    assert repair(tmp_path / "bag").was_needed


def test_the_command_says_what_it_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], start: Callable[..., Any], observer: Any
) -> None:
    """A real recorder, killed."""
    publisher = observer.node.create_publisher(JointState, "/joint_states", 10)
    recorder = start("recorder_node", output=tmp_path / "bag", autostart=True)
    assert observer.until(lambda: publisher.get_subscription_count() > 0)
    for index in range(300):
        publisher.publish(JointState(name=["a"], position=[float(index)]))
        time.sleep(0.005)
    recorder.process.send_signal(signal.SIGKILL)
    recorder.process.wait()
    saved = len(raw(tmp_path / "bag"))
    assert read_summary(tmp_path / "bag" / "bag_0.mcap") is None
    assert main(["collect", "--repair", str(tmp_path / "bag")]) == 0
    said = capsys.readouterr().out
    assert f"saved {saved} messages" in said
    assert "kept as bag_0.mcap.damaged" in said
    assert saved > 100
    assert main(["collect", "--repair", str(tmp_path / "bag")]) == 0
    assert "complete, left as it is" in capsys.readouterr().out
    assert main(["collect", "--repair", str(tmp_path / "bag"), "--out", "x"]) == 2
    assert main(["collect", "--repair", str(tmp_path / "nowhere")]) == 2
    assert main(["collect"]) == 2
