"""A std_msgs/Float64MultiArray that is sent again and again, with other numbers each time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rclpy.serialization import serialize_message
from std_msgs.msg import Float64MultiArray, MultiArrayDimension

from contract.state import Array


class ArrayMessage:
    """Serialized once; then only its numbers change.

    Making the bytes anew from a message object costs a control loop more than its limits do.

    Args:
        dimensions: label, size and stride of each; may be empty.
        count: of the numbers.
    """

    def __init__(self, dimensions: Sequence[tuple[str, int, int]], count: int) -> None:
        marks = np.arange(1.0, count + 1.0)
        message = Float64MultiArray(data=marks.tolist())
        message.layout.dim = [
            MultiArrayDimension(label=label, size=size, stride=stride) for label, size, stride in dimensions
        ]
        self._bytes = bytearray(serialize_message(message))
        self._start = self._bytes.find(marks.tobytes())
        self._end = self._start + marks.nbytes
        assert self._start >= 0, "this middleware does not write numbers as this computer does"

    def serialized(self, values: Array) -> bytes:
        """The bytes of the message with these numbers (count,)."""
        self._bytes[self._start : self._end] = values.tobytes()
        return bytes(self._bytes)
