"""Complete a bag whose recorder was killed or whose disk was full."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from contract.errors import TerrafirmaError
from robot_bridge.bag_index import INDEX, FileSummary, merge, write_index
from robot_bridge.bag_reader import bag_files
from robot_bridge.bag_salvage import Salvaged, read_summary, salvage

DAMAGED = ".damaged"  # what is appended to the name of an original


@dataclass
class Repair:
    """What was done: files by their path, and whether metadata.yaml was written anew."""

    salvaged: dict[Path, Salvaged] = field(default_factory=dict)
    index: Path | None = None

    @property
    def was_needed(self) -> bool:
        return bool(self.salvaged) or self.index is not None


def repair(path: Path) -> Repair:
    """Complete the bag at `path`: a folder, or one .mcap file.

    Each damaged file is replaced, in one step, by one that holds all its whole chunks and an
    index. The original stays beside it with ".damaged" appended to its name. What is not damaged is
    left alone.

    Raises:
        TerrafirmaError: no bag there, nothing of a file is left, a recorder still writes it, or an earlier
            original is in the way; nothing that was there has been changed then.
    """
    folder = path.parent if path.is_file() and (path.parent / INDEX).is_file() else path
    files = bag_files(folder)
    _refuse_running(files)
    found = {file: read_summary(file) for file in files}
    for file, summary in found.items():
        if summary is None:
            _refuse_existing(file)
    done = Repair()
    for file, summary in found.items():
        if summary is None:
            done.salvaged[file] = _replace(file)
            found[file] = done.salvaged[file].summary
    summaries = [summary for summary in found.values() if summary is not None]
    if folder.is_dir() and not _index_agrees(folder / INDEX, summaries):
        write_index(folder, summaries)
        done.index = folder / INDEX
    return done


def _replace(file: Path) -> Salvaged:
    temporary = file.with_name(f".{file.name}.repair")
    try:
        salvaged = salvage(file, temporary)
        original = file.with_name(file.name + DAMAGED)
        if not original.exists():
            _keep(file, original)
        temporary.replace(file)
    except OSError as error:
        raise TerrafirmaError(f"{file}: cannot be repaired: {error}; it is as it was.") from error
    finally:
        temporary.unlink(missing_ok=True)
    _sync(file.parent)
    return salvaged


def _keep(file: Path, original: Path) -> None:
    try:
        os.link(file, original)
    except OSError:  # a memory card whose file system has no links
        file.rename(original)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_running(files: list[Path]) -> None:
    for file in files:
        with file.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise TerrafirmaError(f"{file}: a recorder still writes it; end that first.") from error
            except OSError:  # a network disk without locks
                continue


def _refuse_existing(file: Path) -> None:
    original = file.with_name(file.name + DAMAGED)
    # the same file twice: an earlier repair was cut off between its last two steps
    if original.exists() and not original.samefile(file):
        raise TerrafirmaError(f"{original}: is kept from an earlier repair; move it away first.")


def _index_agrees(path: Path, files: list[FileSummary]) -> bool:
    """Whether metadata.yaml names these files, and as many messages of each topic; rosbag2's own is YAML."""
    try:
        text = path.read_text(encoding="utf-8")
        try:
            index = json.loads(text)  # ours; much faster
        except json.JSONDecodeError:
            index = yaml.safe_load(text)
        information = index["rosbag2_bagfile_information"]
        counts = {
            entry["topic_metadata"]["name"]: entry["message_count"]
            for entry in information["topics_with_message_count"]
            if entry["message_count"]
        }
        names = information["relative_file_paths"]
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return False
    spoken = {name: topic.count for name, topic in merge(files).topics.items() if topic.count}
    return bool(names == [file.name for file in files] and counts == spoken)
