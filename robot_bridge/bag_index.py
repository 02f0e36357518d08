"""`metadata.yaml` of a bag folder: which files it has, and what is in them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

INDEX = "metadata.yaml"


@dataclass
class TopicSummary:
    """Type of a topic and how many messages of it there are."""

    type_name: str
    count: int = 0


@dataclass
class FileSummary:
    """What one file holds; times are arrivals, ns since the epoch."""

    name: str
    first: int = 0
    last: int = 0
    topics: dict[str, TopicSummary] = field(default_factory=dict)

    @property
    def message_count(self) -> int:
        return sum(topic.count for topic in self.topics.values())

    def count(self, topic: str, now: int) -> None:
        """A message of `topic` came at `now`."""
        self.first = min(self.first or now, now)
        self.last = max(self.last, now)
        self.topics[topic].count += 1


def merge(files: Sequence[FileSummary]) -> FileSummary:
    """All files as if they were one; a file without messages has no times."""
    whole = FileSummary("")
    spoken = [file for file in files if file.message_count]
    whole.first = min((file.first for file in spoken), default=0)
    whole.last = max((file.last for file in spoken), default=0)
    for file in files:
        for name, topic in file.topics.items():
            whole.topics.setdefault(name, TopicSummary(topic.type_name)).count += topic.count
    return whole


def write_index(folder: Path, files: Sequence[FileSummary]) -> None:
    """Version 9, as rosbag2 writes it; JSON is YAML, and needs no library to write."""
    whole = merge(files)
    information = {
        "version": 9,
        "storage_identifier": "mcap",
        **_times(whole),
        "topics_with_message_count": [_topic(name, topic) for name, topic in whole.topics.items()],
        "compression_format": "",  # of whole files; MCAP compresses within them
        "compression_mode": "",
        "relative_file_paths": [file.name for file in files],
        "files": [{"path": file.name, **_times(file)} for file in files],
        "custom_data": {},
        "ros_distro": os.environ.get("ROS_DISTRO", "unknown"),
    }
    temporary = folder / f".{INDEX}"
    try:
        temporary.write_text(json.dumps({"rosbag2_bagfile_information": information}, indent=2) + "\n")
        temporary.replace(folder / INDEX)
    finally:
        temporary.unlink(missing_ok=True)


def _times(file: FileSummary) -> dict[str, object]:
    return {
        "starting_time": {"nanoseconds_since_epoch": file.first},
        "duration": {"nanoseconds": file.last - file.first},
        "message_count": file.message_count,
    }


def _topic(name: str, topic: TopicSummary) -> dict[str, object]:
    return {
        "topic_metadata": {
            "name": name,
            "type": topic.type_name,
            "serialization_format": "cdr",
            "offered_qos_profiles": [],
            "type_description_hash": "",
        },
        "message_count": topic.count,
    }
