"""Write MCAP bags that ROS's own tools open, from the bytes that came over the wire."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from contract.errors import TerrafirmaError, UnknownNameError
from robot_bridge.bag_file import COMPRESSIONS, BagFile
from robot_bridge.bag_index import FileSummary, merge, write_index

FLUSH_PERIOD = 150_000_000  # ns; with the writer thread's period, a killed recorder loses 0.2 s at most


class BagWriter:
    """One bag folder: `<name>_0.mcap`, `<name>_1.mcap` … and a version 9 `metadata.yaml`.

    Args:
        folder: created; must not exist yet.
        metadata: kept in each file as the MCAP metadata record "terrafirma".
        compression: of the chunks: none, zstd or lz4.
        split_bytes: begin the next file once one has so many; 0: never.

    Raises:
        TerrafirmaError: the folder exists or cannot be made, or there is no such compression.
        OSError: later, whenever the disk does not take what it is given; then `abandon`.
    """

    def __init__(
        self, folder: Path, metadata: Mapping[str, str], compression: str = "none", split_bytes: int = 0
    ) -> None:
        if compression not in COMPRESSIONS:
            raise UnknownNameError("compression", compression, COMPRESSIONS, "parameter compression")
        if folder.exists():
            raise TerrafirmaError(f"{folder}: exists already; a bag never overwrites another.")
        self.folder = folder
        self._metadata, self._compression, self._split_bytes = dict(metadata), compression, split_bytes
        self._types: dict[str, str] = {}
        self._finished: list[FileSummary] = []
        self._flushed = 0
        self._closed = False
        try:
            folder.mkdir(parents=True)
            self._file = self._begin_file(0)
            self._write_index()
        except OSError as error:
            raise TerrafirmaError(f"{folder}: cannot write a bag there: {error}.") from error

    @property
    def message_count(self) -> int:
        return sum(self.counts().values())

    def counts(self) -> dict[str, int]:
        """Messages written so far, by topic."""
        whole = merge([*self._finished, self._file.summary])
        return {name: topic.count for name, topic in whole.topics.items()}

    def add_topic(self, name: str, type_name: str) -> None:
        """Open a channel, e.g. ("/joint_states", "sensor_msgs/msg/JointState")."""
        self._file.add_topic(name, type_name)
        self._types[name] = type_name

    def write(self, name: str, data: bytes, now: int) -> None:
        """Append one CDR message that arrived at `now`, ns since the epoch."""
        if 0 < self._split_bytes <= self._file.size:
            self._split()
        self._file.write(name, data, now)
        self.flush(now)

    def flush(self, now: int) -> None:
        """Bring everything to the file once `FLUSH_PERIOD` has passed; call it also when idle."""
        if not 0 <= now - self._flushed < FLUSH_PERIOD:  # a clock may be turned back
            self._file.flush()
            self._flushed = now

    def close(self, losses: Mapping[str, int] | None = None) -> None:
        """Finish the file and the index; harmless when called again.

        Args:
            losses: messages that are missing, by topic; noted in the last file.
        """
        if self._closed:
            return
        self._closed = True
        self._file.close(losses)
        self._write_index()

    def abandon(self) -> None:
        """Give up after a failed write: what is there can be read, and be repaired."""
        self._closed = True
        self._file.abandon()
        with suppress(OSError):  # where a disk is full, the index stays that of the beginning
            self._write_index()

    def _begin_file(self, number: int) -> BagFile:
        name = f"{self.folder.name}_{number}.mcap"
        file = BagFile(self.folder / name, self._metadata, self._compression)
        for topic, type_name in self._types.items():
            file.add_topic(topic, type_name)
        return file

    def _split(self) -> None:
        self._file.close()
        before = self._file.summary
        self._file = self._begin_file(len(self._finished) + 1)
        self._finished.append(before)
        self._write_index()

    def _write_index(self) -> None:
        write_index(self.folder, [*self._finished, self._file.summary])
