"""Serialized messages (CDR) that begin with a header: what can be told without decoding them."""

from __future__ import annotations

from typing import Literal

_STAMP = slice(4, 12)  # after 4 bytes of encapsulation, the second of which is 1 for little-endian
_FRAME = slice(12, 16)  # length of the frame's name, which follows


class JointFilter:
    """Tells messages with a joint of exactly this name from those of devices that share the topic."""

    def __init__(self, joint: str) -> None:
        text = joint.encode() + b"\0"
        self._markers = {
            "little": len(text).to_bytes(4, "little") + text,
            "big": len(text).to_bytes(4, "big") + text,
        }

    def passes(self, data: bytes) -> bool:
        """Whether a serialized sensor_msgs/JointState names the joint; a frame so named does not count."""
        if len(data) < _FRAME.stop:
            return False
        order: Literal["little", "big"] = "little" if data[1] & 1 else "big"
        frame = int.from_bytes(data[_FRAME], order)
        return data.find(self._markers[order], _FRAME.stop + frame) >= 0


class Newest:
    """The newest message of one topic, and when its stamp last changed.

    A driver that repeats a frozen reading keeps its stamp, so its messages grow old.
    """

    def __init__(self) -> None:
        self._stamp = b""
        self._received = 0.0
        self.current: tuple[bytes, float] | None = None  # message, s

    def take(self, data: bytes, now: float) -> None:
        """Keep `data`, which came at `now` s."""
        stamp = bytes(data[_STAMP])
        if stamp != self._stamp:
            self._stamp, self._received = stamp, now
        self.current = (data, self._received)
