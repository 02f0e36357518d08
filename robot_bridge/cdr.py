"""Joint states and IMU readings straight from the bytes of the wire, without a message object.

Decoding those two takes longer than the policy's network does, and they come hundreds of times a second. This
reads plain little-endian CDR, as every middleware on a usual computer sends it; `None` says that the
bytes are something else, which then takes the long way (`robot_bridge.ros.from_wire`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from contract.state import Array

PLAIN_LITTLE_ENDIAN = b"\x00\x01"
ENCAPSULATION = 4  # bytes, before the payload; alignment counts from its end
STAMP = struct.Struct("<iI")
LENGTH = struct.Struct("<I")
IMU = 37  # numbers: orientation, gyro, acceleration, each with its covariance


@dataclass
class Stamp:
    """As builtin_interfaces/Time."""

    sec: int
    nanosec: int


@dataclass
class Header:
    """As std_msgs/Header, but for the frame, which nobody asks for."""

    stamp: Stamp


@dataclass
class JointStateView:
    """As sensor_msgs/JointState; names of the message before are the same tuple again."""

    header: Header
    name: tuple[str, ...]
    position: Array
    velocity: Array
    effort: Array


class JointStateDecoder:
    """Decodes sensor_msgs/JointState; the names, which hardly ever change, once."""

    def __init__(self) -> None:
        self._block = b""  # of the names, as they were on the wire
        self._names: tuple[str, ...] = ()

    def decode(self, data: bytes) -> JointStateView | None:
        """The message, or None where the bytes are no plain CDR of one."""
        try:
            return self._decode(data)
        except (struct.error, ValueError):  # ends too early, or a name is no text
            return None

    def _decode(self, data: bytes) -> JointStateView | None:
        if data[:2] != PLAIN_LITTLE_ENDIAN:
            return None
        sec, nanosec = STAMP.unpack_from(data, ENCAPSULATION)
        names_at = _aligned(_end_of_text(data, ENCAPSULATION + STAMP.size), LENGTH.size)
        end = names_at + len(self._block)
        if not self._block or data[names_at:end] != self._block:
            end = self._read_names(data, names_at)
        columns = []
        for _ in range(3):
            column, end = _doubles(data, end)
            columns.append(column)
        return JointStateView(Header(Stamp(sec, nanosec)), self._names, *columns)

    def _read_names(self, data: bytes, start: int) -> int:
        """Remember the names that begin at `start`, and return where they end."""
        (count,) = LENGTH.unpack_from(data, start)
        if count > len(data):
            raise ValueError("more names than bytes")
        end, names = start + LENGTH.size, []
        for _ in range(count):
            begin = _aligned(end, LENGTH.size)
            end = _end_of_text(data, begin)
            names.append(data[begin + LENGTH.size : end - 1].decode())
        self._block, self._names = data[start:end], tuple(names)
        return end


@dataclass
class ImuView:
    """What a policy reads of a sensor_msgs/Imu, with the numbers as they come: 37 of them."""

    header: Header
    values: Array


def decode_imu(data: bytes) -> ImuView | None:
    """The message, or None where the bytes are no plain CDR of one."""
    try:
        if data[:2] != PLAIN_LITTLE_ENDIAN:
            return None
        sec, nanosec = STAMP.unpack_from(data, ENCAPSULATION)
        start = _aligned(_end_of_text(data, ENCAPSULATION + STAMP.size), 8)
        return ImuView(Header(Stamp(sec, nanosec)), np.frombuffer(data, np.float64, IMU, start))
    except (struct.error, ValueError):
        return None


def _aligned(position: int, size: int) -> int:
    """The next place at which a value of `size` bytes may begin."""
    return position + -(position - ENCAPSULATION) % size


def _end_of_text(data: bytes, start: int) -> int:
    """Where the string ends whose length, with a closing 0, is at `start`."""
    length: int = LENGTH.unpack_from(data, start)[0]
    end = start + LENGTH.size + length
    if not 0 < length <= len(data) or end > len(data) or data[end - 1] != 0:
        raise ValueError("no string")
    return end


def _doubles(data: bytes, start: int) -> tuple[Array, int]:
    """A sequence of doubles whose length is at or after `start`, and where it ends."""
    start = _aligned(start, LENGTH.size)
    (count,) = LENGTH.unpack_from(data, start)
    if count == 0:
        return np.empty(0), start + LENGTH.size
    begin = _aligned(start + LENGTH.size, 8)
    end = begin + 8 * count
    if end > len(data):
        raise ValueError("fewer numbers than announced")
    return np.frombuffer(data, np.float64, count, begin), end
