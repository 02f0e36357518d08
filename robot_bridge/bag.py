"""Write MCAP bags that ROS's own tools open, from the bytes that came over the wire."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcap.writer import Writer

from contract.errors import TerrafirmaError
from robot_bridge.message_schema import schema_text

FLUSH_PERIOD = 200_000_000  # ns; a recorder that is killed loses no more than this
METADATA_NAME = "terrafirma"


@dataclass
class _Topic:
    name: str
    type_name: str
    channel: int
    count: int = 0


class BagWriter:
    """One bag folder: `<name>_0.mcap` and a version 9 `metadata.yaml`.

    Args:
        folder: created; must not exist yet.
        metadata: kept in the file as the MCAP metadata record "terrafirma".

    Raises:
        TerrafirmaError: the folder exists.
    """

    def __init__(self, folder: Path, metadata: Mapping[str, str]) -> None:
        if folder.exists():
            raise TerrafirmaError(f"{folder}: exists already; a bag never overwrites another.")
        folder.mkdir(parents=True)
        self.folder = folder
        self._file_name = f"{folder.name}_0.mcap"
        self._stream = (folder / self._file_name).open("wb")
        self._writer = Writer(self._stream)
        self._writer.start(profile="ros2", library="terrafirma")
        self._writer.add_metadata(METADATA_NAME, dict(metadata))
        self._schemas: dict[str, int] = {}
        self._topics: dict[str, _Topic] = {}
        self._first = self._last = self._flushed = 0
        self._closed = False
        self._write_index()

    @property
    def message_count(self) -> int:
        return sum(topic.count for topic in self._topics.values())

    @property
    def heard(self) -> set[str]:
        """Topics with at least one message."""
        return {topic.name for topic in self._topics.values() if topic.count}

    def counts(self) -> dict[str, int]:
        """Messages written so far, by topic."""
        return {topic.name: topic.count for topic in self._topics.values()}

    def add_topic(self, name: str, type_name: str) -> None:
        """Open a channel, e.g. ("/joint_states", "sensor_msgs/msg/JointState")."""
        if type_name not in self._schemas:
            text = schema_text(type_name).encode()
            self._schemas[type_name] = self._writer.register_schema(type_name, "ros2msg", text)
        channel = self._writer.register_channel(name, "cdr", self._schemas[type_name])
        self._topics[name] = _Topic(name, type_name, channel)

    def write(self, name: str, data: bytes, now: int) -> None:
        """Append one CDR message that arrived at `now`, ns since the epoch."""
        topic = self._topics[name]
        self._writer.add_message(topic.channel, now, data, now, topic.count)
        topic.count += 1
        self._first = self._first or now
        self._last = now
        self.flush(now)

    def flush(self, now: int) -> None:
        """Bring everything to the file once `FLUSH_PERIOD` has passed; call it also when idle."""
        if now - self._flushed >= FLUSH_PERIOD:
            self._writer.flush()  # type: ignore[no-untyped-call]
            self._flushed = now

    def close(self) -> None:
        """Finish the file and its index; harmless when called again."""
        if self._closed:
            return
        self._closed = True
        self._writer.finish()  # type: ignore[no-untyped-call]
        self._stream.close()
        self._write_index()

    def _write_index(self) -> None:
        """`metadata.yaml`; JSON is YAML, and needs no library to write."""
        count = self.message_count
        times = {
            "starting_time": {"nanoseconds_since_epoch": self._first},
            "duration": {"nanoseconds": self._last - self._first},
            "message_count": count,
        }
        information = {
            "version": 9,
            "storage_identifier": "mcap",
            **times,
            "topics_with_message_count": [_topic_entry(topic) for topic in self._topics.values()],
            "compression_format": "",
            "compression_mode": "",
            "relative_file_paths": [self._file_name],
            "files": [{"path": self._file_name, **times}],
            "custom_data": {},
            "ros_distro": os.environ.get("ROS_DISTRO", "unknown"),
        }
        temporary = self.folder / ".metadata.yaml"
        temporary.write_text(json.dumps({"rosbag2_bagfile_information": information}, indent=2) + "\n")
        temporary.replace(self.folder / "metadata.yaml")


def _topic_entry(topic: _Topic) -> dict[str, object]:
    return {
        "topic_metadata": {
            "name": topic.name,
            "type": topic.type_name,
            "serialization_format": "cdr",
            "offered_qos_profiles": [],
            "type_description_hash": "",
        },
        "message_count": topic.count,
    }
