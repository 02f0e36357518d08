"""The bytes that are sent are those that the middleware makes of the same message."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message
from std_msgs.msg import Float64MultiArray

from robot_bridge.array_message import ArrayMessage

dimensions = st.lists(
    st.tuples(st.text("abc,", max_size=9), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), max_size=4
)
number = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(dimensions, st.lists(st.lists(number, min_size=7, max_size=7), min_size=1, max_size=3))
def test_the_message_has_the_layout_and_the_newest_numbers(
    layout: list[tuple[str, int, int]], sent: list[list[float]]
) -> None:
    message = ArrayMessage(layout, 7)
    for numbers in sent:
        read = deserialize_message(message.serialized(np.array(numbers)), Float64MultiArray)
        np.testing.assert_array_equal(np.array(read.data), numbers)
        assert [(each.label, each.size, each.stride) for each in read.layout.dim] == layout
