"""Markdown tables, and pages whose marked sections are written from the code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from contract.errors import TerrafirmaError


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a row has one cell for each entry of `header`."""
    lines = [header, ["---"] * len(header), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rewrite(text: str, sections: Mapping[str, str], where: str) -> str:
    """`text` with each section's body put between `<!-- begin NAME -->` and `<!-- end NAME -->`.

    Raises:
        TerrafirmaError: a section's markers are missing, repeated or in the wrong order.
    """
    for name, body in sections.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            raise TerrafirmaError(f"{where}: needs {begin!r} and, after it, {end!r}, each once.")
        before, rest = text.split(begin)
        after = rest.split(end)[1]
        text = f"{before}{begin}\n{body}\n{end}{after}"
    return text


def main(arguments: Sequence[str], sections: Mapping[str, str]) -> int:
    """Rewrite the page named by the one argument; returns an exit code."""
    try:
        if len(arguments) != 1:
            raise TerrafirmaError(f"give one page to rewrite, got {list(arguments)}.")
        path = Path(arguments[0])
        if not path.is_file():
            raise TerrafirmaError(f"{path}: no such page.")
        text = rewrite(path.read_text(encoding="utf-8"), sections, str(path))
    except TerrafirmaError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
    return 0
