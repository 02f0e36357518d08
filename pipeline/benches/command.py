"""`terrafirma bench`: find a bench, run it, print its rows."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module
from inspect import signature
from typing import Any

from rich.table import Table

from contract.errors import TerrafirmaError, UnknownNameError
from pipeline.benches.rows import Row
from pipeline.progress import progress
from pipeline.tables import print_table

BENCHES = {
    name: f"pipeline.benches.{name}" for name in ("sim", "engines", "policy", "bridge", "offdynamics", "darc")
}


def measure(name: str, as_json: bool, **options: Any) -> int:
    """Run the bench called `name`; raises UnknownNameError with the nearest match.

    `options` that are not None go to the bench.

    Raises:
        TerrafirmaError: an option that this bench does not have.
    """
    if name not in BENCHES:
        raise UnknownNameError("bench", name, BENCHES)
    module = import_module(BENCHES[name])
    bench: Callable[..., tuple[list[Row], str]] = module.run
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if option not in signature(bench).parameters:
            raise TerrafirmaError(f"bench {name} has no option --{option.replace('_', '-')}.")
    with progress(f"bench {name}", module.PARTS) as report:
        rows, remarks = bench(report, **given)
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
