"""Read MCAP bags without ROS, whole or cut off by a crash."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mcap.exceptions import EndOfFile, McapError
from mcap.records import Channel, Message, Metadata, Schema
from mcap.stream_reader import StreamReader
from mcap_ros2.decoder import DecoderFactory

from contract.errors import TerrafirmaError
from robot_bridge.bag_file import LOSSES_NAME, METADATA_NAME


@dataclass(frozen=True)
class BagMessage:
    """One message: `data` has the fields of its ROS type; `time` is its arrival, ns."""

    topic: str
    time: int
    data: Any


class Bag:
    """A bag folder, or one .mcap file.

    Raises:
        TerrafirmaError: there is no such bag, or it is not MCAP.
    """

    def __init__(self, path: Path) -> None:
        self.files = bag_files(path)

    def metadata(self) -> dict[str, str]:
        """What the recorder noted: policy_sha256, contract, domain …; empty for a foreign bag."""
        for record in self._records():
            if isinstance(record, Metadata) and record.name == METADATA_NAME:
                return dict(record.metadata)
            if isinstance(record, Message):
                break
        return {}

    def losses(self) -> dict[str, int]:
        """Messages that its recorder knows to be missing, by topic; it notes them when it ends."""
        found = {}
        for record in self._records():
            if isinstance(record, Metadata) and record.name == LOSSES_NAME:
                found = {topic: int(count) for topic, count in record.metadata.items()}
        return found

    def topics(self) -> dict[str, str]:
        """Type name of each topic in the bag."""
        schemas: dict[int, Schema] = {}
        topics = {}
        for record in self._records():
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                topics[record.topic] = schemas[record.schema_id].name
        return topics

    def messages(self, topics: Collection[str]) -> Iterator[BagMessage]:
        """Decoded messages of `topics`, in the order in which they were written."""
        for path in self.files:
            yield from _decoded(_records(path), topics)

    def raw_messages(self) -> Iterator[Message]:
        """Every message as it came over the wire, in the order in which they were written."""
        return (record for record in self._records() if isinstance(record, Message))

    def _records(self) -> Iterator[Any]:
        for path in self.files:
            yield from _records(path)


def bag_files(path: Path) -> list[Path]:
    """The MCAP files of a bag in the order in which they were written: _2 comes before _10.

    Raises:
        TerrafirmaError: there are none.
    """
    files = [path] if path.is_file() else sorted(path.glob("*.mcap"), key=_place)
    if not files:
        raise TerrafirmaError(f"{path}: no MCAP bag there (a folder with *.mcap, or such a file).")
    return files


def _place(path: Path) -> tuple[str, int]:
    match = re.fullmatch(r"(.*?)_?(\d*)", path.stem)
    assert match is not None  # everything matches
    return match[1], int(match[2] or 0)


def _decoded(records: Iterator[Any], topics: Collection[str]) -> Iterator[BagMessage]:
    factory = DecoderFactory()
    schemas: dict[int, Schema] = {}
    readers: dict[int, tuple[str, Callable[[bytes], Any]]] = {}
    for record in records:
        if isinstance(record, Schema):
            schemas[record.id] = record
        elif isinstance(record, Channel) and record.topic in topics:
            decode = factory.decoder_for(record.message_encoding, schemas.get(record.schema_id))
            if decode is None:
                raise TerrafirmaError(f"{record.topic}: {record.message_encoding!r} is not ROS 2 CDR.")
            readers[record.id] = (record.topic, decode)
        elif isinstance(record, Message) and record.channel_id in readers:
            topic, decode = readers[record.channel_id]
            yield BagMessage(topic, record.log_time, _decode(decode, record.data, topic))


def _decode(decode: Callable[[bytes], Any], data: bytes, topic: str) -> Any:
    try:
        return decode(data)
    except (ValueError, struct.error, IndexError, UnicodeDecodeError) as error:
        raise TerrafirmaError(
            f"{topic}: {len(data)} bytes in the bag are no such message ({error})."
        ) from error


class _Exact:
    """A stream whose reads are complete, or the end of the file."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise EndOfFile
        return data


def exact(stream: IO[bytes]) -> IO[bytes]:
    """`stream`, for an MCAP reader that would take a short read for a whole record."""
    return _Exact(stream)  # type: ignore[return-value]


def _records(path: Path) -> Iterator[Any]:
    """All records of one file; a file that ends early just ends."""
    with path.open("rb") as stream:
        try:
            yield from StreamReader(exact(stream)).records
        except EndOfFile:
            return
        except McapError as error:
            raise TerrafirmaError(f"{path}: not a readable MCAP file ({error}).") from error
