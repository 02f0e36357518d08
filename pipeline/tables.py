"""Result tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pipeline.stages import Row  # which loads torch

PLAIN_WIDTH = 160


def show_rows(rows: Sequence[Row]) -> None:
    """Print success, return and the task's metrics of each row, with 95 % intervals."""
    table = Table(title="success and return, 95 % intervals")
    for title in ("method", "domain", "success", "return", "metrics", "episodes", "target steps", "seconds"):
        table.add_column(title, justify="left" if title in ("method", "domain") else "right")
    for row in rows:
        table.add_row(
            row.method,
            row.domain,
            f"{row.success_rate:.2f} [{row.success_ci95[0]:.2f}, {row.success_ci95[1]:.2f}]",
            f"{row.return_mean:.2f} [{row.return_ci95[0]:.2f}, {row.return_ci95[1]:.2f}]",
            "  ".join(f"{name} {value:.3f}" for name, value in row.metrics.items()),
            str(row.episodes),
            str(row.target_steps),
            f"{row.seconds:.0f}",
        )
    print_table(table)


def print_table(table: Table) -> None:
    """Print to stdout, in full width where there is no terminal."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)  # a log has no width; a table that is cut helps nobody
    console.print(table)
