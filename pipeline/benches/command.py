"""`terrafirma bench`: find a bench, run it, print its rows."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module

from rich.table import Table

from contract.errors import UnknownNameError
from pipeline.benches.rows import Row
from pipeline.progress import Report, progress
from pipeline.tables import print_table

BENCHES = {name: f"pipeline.benches.{name}" for name in ("sim", "engines", "policy")}


def measure(name: str, as_json: bool) -> int:
    """Run the bench called `name`; raises UnknownNameError with the nearest match."""
    if name not in BENCHES:
        raise UnknownNameError("bench", name, BENCHES)
    module = import_module(BENCHES[name])
    bench: Callable[[Report], tuple[list[Row], str]] = module.run
    with progress(f"bench {name}", module.PARTS) as report:
        rows, remarks = bench(report)
    if as_json:
        sys.stdout.write(json.dumps([_plain(row) for row in rows]) + "\n")
    else:
        _show(rows)
    sys.stderr.write(f"{remarks}\n" if remarks else "")
    return 0


def _plain(row: Row) -> dict[str, object]:
    """JSON has neither NaN nor infinity."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in asdict(row).items()
    }


def _show(rows: Sequence[Row]) -> None:
    table = Table()
    for title in ("metric", "value", "unit", "reference", "ratio", "goal", "met"):
        table.add_column(title, justify="left" if title in ("metric", "unit", "goal") else "right")
    for row in rows:
        numbers = (
            "" if math.isnan(value) else f"{value:.4g}" for value in (row.value, row.reference, row.ratio)
        )
        value, reference, ratio = numbers
        met = "" if not row.goal else "yes" if row.met else "no"
        table.add_row(row.metric, value, row.unit, reference, ratio, row.goal, met)
    print_table(table)
