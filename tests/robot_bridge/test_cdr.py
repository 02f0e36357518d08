"""Readings from the bytes of the wire are those of the middleware's own decoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Imu, JointState

from contract.errors import ContractError
from contract.state import RobotState
from robot_bridge.cdr import JointStateDecoder, decode_imu
from robot_bridge.messages import read_imu, read_imu_view
from robot_bridge.ros import from_wire

number = st.floats(allow_nan=True, allow_infinity=True, width=64)
text = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
column = st.lists(number, max_size=14)


def stamped(message: Any, frame: str, seconds: int, nanoseconds: int) -> Any:
    message.header.frame_id = frame
    message.header.stamp.sec, message.header.stamp.nanosec = seconds, nanoseconds
    return message


stamps = st.tuples(text, st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1))


@given(
    st.lists(st.tuples(stamps, st.lists(text, max_size=14), column, column, column), min_size=1, max_size=4)
)
def test_joint_states_are_those_of_the_middleware(sent: list[Any]) -> None:
    decoder = JointStateDecoder()
    for stamp, names, position, velocity, effort in sent:
        message = stamped(JointState(name=names), *stamp)
        message.position, message.velocity, message.effort = position, velocity, effort
        data = bytes(serialize_message(message))
        view, known = decoder.decode(data), from_wire(data, JointState)
        assert view is not None
        assert view.name == tuple(known.name)
        assert (view.header.stamp.sec, view.header.stamp.nanosec) == stamp[1:]
        for name in ("position", "velocity", "effort"):
            np.testing.assert_array_equal(getattr(view, name), np.array(getattr(known, name), dtype=float))


@given(stamps, st.lists(number, min_size=37, max_size=37))
def test_imu_readings_are_those_of_the_middleware(stamp: Any, numbers: list[float]) -> None:
    message = stamped(Imu(), *stamp)
    turn, spin, pull = message.orientation, message.angular_velocity, message.linear_acceleration
    turn.x, turn.y, turn.z, turn.w = numbers[:4]
    spin.x, spin.y, spin.z = numbers[13:16]
    pull.x, pull.y, pull.z = numbers[25:28]
    message.orientation_covariance = numbers[4:13]
    message.angular_velocity_covariance = numbers[16:25]
    message.linear_acceleration_covariance = numbers[28:]
    view = decode_imu(bytes(serialize_message(message)))
    assert view is not None
    ours, theirs = (RobotState(np.zeros(0), np.zeros(0), np.zeros(0)) for _ in range(2))
    if -1.0 in (numbers[4], numbers[16]):
        for read, reading in ((read_imu, message), (read_imu_view, view)):
            with pytest.raises(ContractError):
                read(reading, ours)
        return
    assert read_imu_view(view, ours) == read_imu(message, theirs)
    for name in ("orientation", "gyro", "accelerometer"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


@given(st.binary(max_size=400), st.integers(0, 400))
def test_what_is_cut_off_or_garbled_is_left_to_the_middleware(garbage: bytes, cut: int) -> None:
    whole = bytes(serialize_message(JointState(name=["a", "b"], position=[1.0, 2.0])))
    decoder = JointStateDecoder()
    for data in (garbage, b"\x00\x01\x00\x00" + garbage, whole[:cut], whole[: cut // 4] + garbage):
        view = decoder.decode(data)
        if view is not None:
            known = from_wire(data, JointState)
            assert view.name == tuple(known.name)
            np.testing.assert_array_equal(view.position, np.array(known.position))
        decode_imu(data)
    assert decoder.decode(b"\x00\x00" + whole[2:]) is None  # big-endian
