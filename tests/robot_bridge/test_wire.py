"""Serialized messages are told apart by whole joint names, and age while their stamp stands still."""

from __future__ import annotations

import struct

import pytest
from builtin_interfaces.msg import Time
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from robot_bridge.wire import JointFilter, Newest


def joints(*names: str, frame: str = "", sec: int = 1) -> bytes:
    message = JointState(name=list(names), position=[0.5] * len(names))
    message.header.stamp, message.header.frame_id = Time(sec=sec, nanosec=7), frame
    return bytes(serialize_message(message))


def big_endian(*names: str) -> bytes:
    """Header and names of a JointState as a big-endian writer puts them on the wire."""
    data = b"\0\0\0\0" + struct.pack(">iII", 1, 7, 1) + b"\0" + b"\0" * 3 + struct.pack(">I", len(names))
    for name in names:
        data += b"\0" * (-len(data) % 4) + struct.pack(">I", len(name) + 1) + name.encode() + b"\0"
    return data


@pytest.mark.parametrize("names", [("joint_1",), ("a", "joint_1"), ("joint_10", "joint_1", "x_joint_1")])
def test_the_joint_is_found_in_either_byte_order(names: tuple[str, ...]) -> None:
    for frame in ("", "base", "base_link"):
        assert JointFilter("joint_1").passes(joints(*names, frame=frame))
    assert JointFilter("joint_1").passes(big_endian(*names))


@pytest.mark.parametrize(
    "names", [("x_joint_1", "x_joint_2"), ("joint_10",), ("left_joint_1", "joint_12"), ()]
)
def test_another_device_is_not_taken_for_the_robot(names: tuple[str, ...]) -> None:
    assert not JointFilter("joint_1").passes(joints(*names, frame="joint_1"))
    assert not JointFilter("joint_1").passes(big_endian(*names))


def test_a_repeated_stamp_does_not_count_as_new() -> None:
    newest = Newest()
    assert newest.current is None
    newest.take(joints("a", sec=1), 5.0)
    newest.take(joints("b", sec=1), 6.0)
    assert newest.current == (joints("b", sec=1), 5.0)
    newest.take(joints("b", sec=2), 7.0)
    assert newest.current == (joints("b", sec=2), 7.0)
