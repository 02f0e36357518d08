"""Progress of long work: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Report = Callable[[int, dict[str, float]], None]

LOG_EVERY = 15.0  # s between lines where there is no terminal

console = Console(stderr=True)  # stdout belongs to --json


@contextmanager
def progress(title: str, total: int) -> Iterator[Report]:
    """Yield `report(done, metrics)`; shows title, bar, ETA and the latest metrics."""
    if console.is_terminal:
        columns = (
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("eta"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[metrics]}"),
        )
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(title, total=total, metrics="")
            yield lambda done, metrics: bar.update(task, completed=done, metrics=_shown(metrics))
            bar.update(task, completed=total)
    else:
        yield _Lines(title, total)


def counter(report: Callable[[int], None]) -> Callable[[], None]:
    """For work that only says that one more is done: calls `report` with how many are."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        report(done)

    return count


class _Lines:
    """Progress for a log file."""

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total = title, total
        self._started = self._printed = time.monotonic()
        _log(f"{title} ...")

    def __call__(self, done: int, metrics: dict[str, float]) -> None:
        now = time.monotonic()
        if now - self._printed < LOG_EVERY and done < self._total:
            return
        self._printed = now
        share = done / self._total if self._total else 1.0
        _log(f"{self._title}: {share:.0%} ({now - self._started:.0f} s) {_shown(metrics)}")


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _shown(metrics: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.3g}" for name, value in metrics.items())
