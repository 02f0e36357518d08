"""One MCAP file of a bag, complete in itself: schemas, channels and notes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mcap.writer import CompressionType, Writer

from robot_bridge.bag_index import FileSummary, TopicSummary
from robot_bridge.message_schema import schema_text

METADATA_NAME = "terrafirma"
LOSSES_NAME = "terrafirma_losses"
COMPRESSIONS = {
    "none": CompressionType.NONE,
    "zstd": CompressionType.ZSTD,
    "lz4": CompressionType.LZ4,
}


class BagFile:
    """Locked while it is written, so that nobody repairs what is not broken.

    Args:
        path: must not exist.
        metadata: kept as the MCAP metadata record "terrafirma".
        compression: of each chunk, one of COMPRESSIONS.

    Raises:
        OSError: the disk is full, or the folder may not be written to; the file is then gone again.
    """

    def __init__(self, path: Path, metadata: Mapping[str, str], compression: str) -> None:
        self.path = path
        self.summary = FileSummary(path.name)
        self._whole = 0  # bytes on disk up to the last whole chunk
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self._stream = path.open("xb")
        try:
            with suppress(OSError):  # some network disks know no locks
                fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._writer = Writer(self._stream, compression=COMPRESSIONS[compression])
            self._writer.start(profile="ros2", library="terrafirma")
            self._writer.add_metadata(METADATA_NAME, dict(metadata))
            self.flush()
        except OSError:
            self.abandon()
            raise

    @property
    def size(self) -> int:
        """Bytes written, without the chunk that is being collected."""
        return self._stream.tell()

    def add_topic(self, name: str, type_name: str) -> None:
        """Open a channel."""
        if type_name not in self._schemas:
            text = schema_text(type_name).encode()
            self._schemas[type_name] = self._writer.register_schema(type_name, "ros2msg", text)
        self._channels[name] = self._writer.register_channel(name, "cdr", self._schemas[type_name])
        self.summary.topics[name] = TopicSummary(type_name)

    def write(self, name: str, data: bytes, now: int) -> None:
        """Append one CDR message that arrived at `now`, ns since the epoch."""
        self._writer.add_message(self._channels[name], now, data, now, self.summary.topics[name].count)
        self.summary.count(name, now)

    def flush(self) -> None:
        """Bring everything so far to the file."""
        self._writer.flush()  # type: ignore[no-untyped-call]
        self._whole = self._stream.tell()

    def close(self, losses: Mapping[str, int] | None = None) -> None:
        """Write the index of the file, and wait until the disk has all of it."""
        if losses:
            self._writer.add_metadata(LOSSES_NAME, {name: str(count) for name, count in losses.items()})
        self._writer.finish()  # type: ignore[no-untyped-call]
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()

    def abandon(self) -> None:
        """Give up after a failed write: what is whole stays, the rest of a chunk goes."""
        raw = self._stream.raw
        with suppress(OSError, ValueError):  # ValueError: closed already
            raw.truncate(self._whole)
        with suppress(OSError):
            raw.close()  # beneath the buffer, which would try to write once more
        if self._whole == 0:
            self.path.unlink(missing_ok=True)
