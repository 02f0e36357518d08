"""Measurements on disk, so that none is made twice: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pipeline.evaluation.cell import Cell, Key
from policies.evaluation import Evaluation

MEASURED = "measured.jsonl"


class Store:
    """`folder`/measured.jsonl; the folder is made when the first measurement is kept."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / MEASURED
        self._known: dict[Key, Evaluation] = {}
        text = self._path.read_text(encoding="utf-8", errors="replace") if self._path.is_file() else ""
        for line in text.splitlines():
            self._read(line)
        self._torn = bool(text) and not text.endswith("\n")

    def get(self, cell: Cell) -> Evaluation | None:
        """What was measured of this cell before, if anything."""
        return self._known.get(cell.key)

    def keep(self, cell: Cell, result: Evaluation) -> None:
        """Add a measurement, at once and on disk."""
        self._known[cell.key] = result
        line = json.dumps({"domain_digest": cell.key[1]} | asdict(result)) + "\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write("\n" + line if self._torn else line)
        self._torn = False

    def _read(self, line: str) -> None:
        """Take a line in; one that an interruption tore is as if it had never been measured."""
        try:
            data = json.loads(line)
            key = (data["policy_sha256"], data.pop("domain_digest"), data["episodes"], data["seed"])
            self._known[key] = _evaluation(data)
        except (ValueError, KeyError, TypeError, AttributeError):
            return


def _evaluation(data: dict[str, Any]) -> Evaluation:
    """An Evaluation from its JSON, in which pairs became lists."""
    if set(data) != {field.name for field in fields(Evaluation)}:
        raise ValueError("other fields than an evaluation has")
    pairs = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
    inner = {name: tuple(value) for name, value in data["metrics_ci95"].items()}
    return Evaluation(**(data | pairs | {"metrics_ci95": inner}))
