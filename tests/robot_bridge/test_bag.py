"""Bags open in other tools, and survive a crash."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from geometry_msgs.msg import PointStamped
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import JointState

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge.bag import FLUSH_PERIOD, BagWriter
from robot_bridge.bag_file import COMPRESSIONS
from robot_bridge.bag_reader import Bag
from robot_bridge.message_schema import schema_text

TYPES = {"/joint_states": "sensor_msgs/msg/JointState", "/target": "geometry_msgs/msg/PointStamped"}
START = 1_795_000_000_000_000_000


def joint_state(index: int) -> JointState:
    message = JointState(name=["a", "b"], position=[float(index), 0.1], velocity=[1e-9, -2.0])
    message.header.stamp.sec = index
    return message


def write(
    folder: Path, count: int, step: int = 10_000_000, compression: str = "none", split_bytes: int = 0
) -> BagWriter:
    writer = BagWriter(folder, {"policy_sha256": "abc", "contract": "{}"}, compression, split_bytes)
    for name, kind in TYPES.items():
        writer.add_topic(name, kind)
    for i in range(count):
        writer.write("/joint_states", serialize_message(joint_state(i)), START + i * step)
    target = PointStamped()
    target.point.y = -0.25
    writer.write("/target", serialize_message(target), START + count * step)
    return writer


def test_own_reader(tmp_path: Path) -> None:
    write(tmp_path / "bag", 30).close()
    bag = Bag(tmp_path / "bag")
    assert bag.metadata() == {"policy_sha256": "abc", "contract": "{}"}
    assert bag.topics() == TYPES
    read = list(bag.messages(["/joint_states"]))
    assert [m.data.position for m in read] == [[float(i), 0.1] for i in range(30)]
    assert [m.time for m in read] == [START + i * 10_000_000 for i in range(30)]


def test_mcap_ros2_reads_it(tmp_path: Path) -> None:
    write(tmp_path / "bag", 30).close()
    with (tmp_path / "bag" / "bag_0.mcap").open("rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        assert reader.get_header().profile == "ros2"
        decoded = [(channel.topic, message) for _, channel, _, message in reader.iter_decoded_messages()]
    assert [m.header.stamp.sec for topic, m in decoded if topic == "/joint_states"] == list(range(30))
    assert [m.point.y for topic, m in decoded if topic == "/target"] == [-0.25]


def test_rosbags_opens_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "bag", 30).close()
    with AnyReader([tmp_path / "bag"]) as reader:
        assert {c.topic: (c.msgtype, c.msgcount) for c in reader.connections} == {
            "/joint_states": ("sensor_msgs/msg/JointState", 30),
            "/target": ("geometry_msgs/msg/PointStamped", 1),
        }


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_killed_recorder_loses_only_what_was_not_flushed(tmp_path: Path, compression: str) -> None:
    step = 10_000_000
    writer = write(tmp_path / "bag", 100, step, compression)
    shutil.copytree(tmp_path / "bag", tmp_path / "copy")  # what is on disk at the moment of the crash
    survived = len(list(Bag(tmp_path / "copy").messages(["/joint_states"])))
    assert 100 - FLUSH_PERIOD / step <= survived <= 100
    assert Bag(tmp_path / "copy").metadata()["policy_sha256"] == "abc"
    writer.close()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_split_bag_is_one_bag_and_each_file_stands_alone(tmp_path: Path, compression: str) -> None:
    count = 3000
    write(tmp_path / "bag", count, compression=compression, split_bytes=20_000).close({"/target": 3})
    with AnyReader([tmp_path / "bag"]) as reader:
        assert {c.topic: c.msgcount for c in reader.connections if c.msgcount} == {
            "/joint_states": count,
            "/target": 1,
        }
        times = [time for connection, time, _ in reader.messages() if connection.topic == "/joint_states"]
    assert times == [START + i * 10_000_000 for i in range(count)]
    bag = Bag(tmp_path / "bag")
    assert len(bag.files) > (11 if compression == "none" else 1)  # _10 must not come before _2
    assert [path.name for path in bag.files] == [f"bag_{i}.mcap" for i in range(len(bag.files))]
    assert [m.data.position[0] for m in bag.messages(["/joint_states"])] == list(range(count))
    assert bag.losses() == {"/target": 3}
    for path in bag.files:
        alone = Bag(path)
        assert alone.metadata()["policy_sha256"] == "abc"
        assert alone.topics() == TYPES
        with path.open("rb") as stream:
            assert make_reader(stream).get_summary() is not None
    index = json.loads((tmp_path / "bag" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert index["version"] == 9
    assert index["relative_file_paths"] == [path.name for path in bag.files]
    for file in index["files"]:
        times = [m.time for m in Bag(tmp_path / "bag" / file["path"]).messages(TYPES)]
        begin = file["starting_time"]["nanoseconds_since_epoch"]
        end = begin + file["duration"]["nanoseconds"]
        assert (begin, end, file["message_count"]) == (min(times), max(times), len(times))


def test_an_unknown_compression_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown compression 'zst'\. Did you mean 'zstd'"):
        BagWriter(tmp_path / "bag", {}, "zst")
    assert not (tmp_path / "bag").exists()


def test_a_file_cut_anywhere_is_read_up_to_there(tmp_path: Path) -> None:
    write(tmp_path / "bag", 100).close()
    data = (tmp_path / "bag" / "bag_0.mcap").read_bytes()
    cut = tmp_path / "cut.mcap"
    counts = []
    for share in (0.2, 0.5, 0.8):
        cut.write_bytes(data[: int(share * len(data))])
        counts.append(len(list(Bag(cut).messages(["/joint_states"]))))
    assert counts == sorted(counts)
    assert counts[-1] > 0


def test_what_is_no_bag_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TerrafirmaError, match="no MCAP bag"):
        Bag(tmp_path)
    (tmp_path / "x.mcap").write_bytes(b"this is not a bag, only text that is long enough")
    with pytest.raises(TerrafirmaError, match="not a readable MCAP"):
        list(Bag(tmp_path / "x.mcap").messages(["/target"]))


def test_a_bag_never_overwrites_another(tmp_path: Path) -> None:
    write(tmp_path / "bag", 3).close()
    before = (tmp_path / "bag" / "bag_0.mcap").read_bytes()
    with pytest.raises(TerrafirmaError, match="exists already"):
        BagWriter(tmp_path / "bag", {})
    assert (tmp_path / "bag" / "bag_0.mcap").read_bytes() == before


def test_schemas_carry_their_dependencies_once() -> None:
    text = schema_text("sensor_msgs/msg/Imu")
    for name in (
        "std_msgs/Header",
        "builtin_interfaces/Time",
        "geometry_msgs/Quaternion",
        "geometry_msgs/Vector3",
    ):
        assert text.count(f"MSG: {name}\n") == 1
    with pytest.raises(TerrafirmaError, match="is the ROS package 'sensor_msgs' installed"):
        schema_text("sensor_msgs/msg/NoSuchThing")
