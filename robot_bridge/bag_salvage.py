"""Read all that is whole in a damaged MCAP file, and write it to a complete one."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Attachment, Channel, Chunk, DataEnd, Header, Message, Metadata, Schema
from mcap.stream_reader import StreamReader, breakup_chunk
from mcap.writer import CompressionType, Writer

from contract.errors import TerrafirmaError
from robot_bridge.bag_index import FileSummary, TopicSummary
from robot_bridge.bag_reader import exact

COMPRESSION = {"": CompressionType.NONE, "zstd": CompressionType.ZSTD, "lz4": CompressionType.LZ4}
# What garbage in place of a record makes the reader raise; a checksum's error is a ValueError.
GARBAGE = (McapError, ValueError, KeyError, struct.error, zstandard.ZstdError, RuntimeError)


@dataclass
class Salvaged:
    """What was saved of a file."""

    summary: FileSummary
    broken_chunks: int = 0  # in the middle, left out

    @property
    def seconds(self) -> float:
        return (self.summary.last - self.summary.first) * 1e-9


def read_summary(path: Path) -> FileSummary | None:
    """What a complete file says of itself; None for a file that was cut off."""
    with path.open("rb") as stream:
        try:
            summary = make_reader(stream).get_summary()
        except GARBAGE:
            return None
    if summary is None or summary.statistics is None:
        return None
    statistics = summary.statistics
    found = FileSummary(path.name, statistics.message_start_time, statistics.message_end_time)
    for channel in summary.channels.values():
        name = summary.schemas[channel.schema_id].name if channel.schema_id else ""
        topic = found.topics.setdefault(channel.topic, TopicSummary(name))
        topic.count += statistics.channel_message_counts.get(channel.id, 0)
    return found


def salvage(damaged: Path, target: Path) -> Salvaged:
    """Write every whole chunk of `damaged` to `target`, and wait until the disk has it.

    Raises:
        TerrafirmaError: `damaged` is no MCAP file, or `target` does not hold what was written to it.
    """
    with target.open("wb") as stream:
        salvaged = _copy(damaged, stream)
        stream.flush()
        os.fsync(stream.fileno())
    written = read_summary(target)
    if written is None or written.message_count != salvaged.summary.message_count:
        raise TerrafirmaError(f"{target}: does not hold the {salvaged.summary.message_count} messages again.")
    written.name = damaged.name
    salvaged.summary = written
    return salvaged


def _copy(damaged: Path, stream: IO[bytes]) -> Salvaged:
    salvaged = Salvaged(FileSummary(damaged.name))
    records = _whole_records(damaged)
    header = next(records, None)
    if not isinstance(header, Header):
        raise TerrafirmaError(f"{damaged}: not an MCAP file, or nothing of it is left.")
    copy = _Copy(Writer(stream, compression=_compression(damaged)), salvaged.summary)
    copy.writer.start(header.profile, header.library)
    for record in records:
        if isinstance(record, DataEnd):  # only the index was cut off
            break
        if not isinstance(record, Chunk):
            copy.take(record)
            continue
        try:
            parts = breakup_chunk(record, validate_crc=True)
        except GARBAGE:
            salvaged.broken_chunks += 1
            continue
        for part in parts:
            copy.take(part)
    copy.writer.finish()  # type: ignore[no-untyped-call]
    return salvaged


def _whole_records(path: Path) -> Iterator[Any]:
    """Records up to where the file ends, or makes no sense any more; chunks are not opened."""
    with path.open("rb") as stream:
        try:
            yield from StreamReader(exact(stream), emit_chunks=True).records
        except GARBAGE:
            return


def _compression(path: Path) -> CompressionType:
    """That of the first chunk."""
    for record in _whole_records(path):
        if isinstance(record, Chunk):
            return COMPRESSION.get(record.compression, CompressionType.NONE)
    return CompressionType.NONE


class _Copy:
    """Takes records; numbers of schemas and channels may differ from those of the original."""

    def __init__(self, writer: Writer, summary: FileSummary) -> None:
        self.writer, self._summary = writer, summary
        self._schemas: dict[int, int] = {0: 0}
        self._names: dict[int, str] = {0: ""}
        self._channels: dict[int, int] = {}
        self._topics: dict[int, str] = {}

    def take(self, record: Any) -> None:
        if isinstance(record, Message):
            self._take_message(record)
        elif isinstance(record, Schema) and record.id not in self._schemas:
            written = self.writer.register_schema(record.name, record.encoding, record.data)
            self._schemas[record.id], self._names[record.id] = written, record.name
        elif isinstance(record, Channel) and record.id not in self._channels:
            self._take_channel(record)
        elif isinstance(record, Metadata):
            self.writer.add_metadata(record.name, record.metadata)
        elif isinstance(record, Attachment):
            self.writer.add_attachment(
                record.create_time, record.log_time, record.name, record.media_type, record.data
            )

    def _take_channel(self, record: Channel) -> None:
        if record.schema_id not in self._schemas:
            return  # it stood in a broken chunk
        self._channels[record.id] = self.writer.register_channel(
            record.topic, record.message_encoding, self._schemas[record.schema_id], record.metadata
        )
        self._topics[record.id] = record.topic
        self._summary.topics.setdefault(record.topic, TopicSummary(self._names[record.schema_id]))

    def _take_message(self, record: Message) -> None:
        if record.channel_id not in self._channels:
            return
        self.writer.add_message(
            *(self._channels[record.channel_id], record.log_time, record.data),
            *(record.publish_time, record.sequence),
        )
        self._summary.count(self._topics[record.channel_id], record.log_time)
