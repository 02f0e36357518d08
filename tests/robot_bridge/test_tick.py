"""A tick survives its way through a real message."""

from __future__ import annotations

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Float64MultiArray, MultiArrayDimension

from contract.errors import TerrafirmaError
from robot_bridge.messages import float_array
from robot_bridge.tick import LABELS, Mode, Tick, decode, encode

TICK = Tick(
    7,
    3,
    Mode.RUNNING,
    1_795_257_276_223_685_962,
    12_345_678_901,
    np.array([0.1, 0.2, 0.3]),
    np.array([0.1, 1e-7, -3.0, 100.0], dtype=np.float32),
    np.array([0.25, -0.1]),
    np.array([1.0, 2.0 / 3.0]),
    1_795_257_276_200_000_001,
)


def message(labels: tuple[str, ...]) -> Float64MultiArray:
    sizes, values = encode(TICK)
    result = Float64MultiArray(data=float_array(values))
    result.layout.dim = [
        MultiArrayDimension(label=label, size=size, stride=size)
        for label, size in zip(labels, sizes, strict=True)
    ]
    return result


def test_round_trip_is_exact() -> None:
    tick = decode(deserialize_message(serialize_message(message(LABELS)), Float64MultiArray))
    assert (tick.number, tick.session_tick, tick.mode) == (7, 3, Mode.RUNNING)
    assert (tick.joint_stamp, tick.imu_stamp) == (TICK.joint_stamp, TICK.imu_stamp)
    assert tick.object_stamp == TICK.object_stamp
    for name in ("command", "observation", "action", "set_point"):
        assert np.array_equal(getattr(tick, name), getattr(TICK, name))
    assert tick.observation.dtype == np.float32


def test_a_tick_of_an_earlier_recording_is_read() -> None:
    old = message(LABELS)
    assert old.layout.dim[-1].label == "object_stamp"
    del old.layout.dim[-1]
    old.data = old.data[:-2]
    tick = decode(old)
    assert tick.object_stamp == 0
    assert np.array_equal(tick.set_point, TICK.set_point)


def test_another_message_is_refused() -> None:
    with pytest.raises(TerrafirmaError, match="not a policy tick"):
        decode(Float64MultiArray(data=[1.0, 2.0]))
    with pytest.raises(TerrafirmaError, match="not a policy tick"):
        decode(message(("tock", *LABELS[1:])))
