"""Small results as JSON lines, which an interruption may tear."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from pipeline.progress import console

Row = TypeVar("Row")


def read_lines(path: Path, make: Callable[[dict[str, Any]], Row]) -> list[Row]:
    """What is there; a line of which `make` makes nothing is as if it had never been."""
    rows = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            rows.append(make(json.loads(line)))
        except (ValueError, TypeError, KeyError):
            console.print(f"{path}: left out what is no row: {line[:60]!r}")
    return rows


def append_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Keep rows at once, on lines of their own also behind a torn one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.is_file() and not path.read_text().endswith("\n")
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    with path.open("a") as stream:
        stream.write(("\n" if torn else "") + lines)
