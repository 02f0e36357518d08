"""The figures of an evaluation, in the one order in which tables and pictures show them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from pipeline.report.numbers import decimal
from pipeline.tables import print_table
from policies.evaluation import Evaluation
from sim.domains.domain import Domain

SWEEP, MATRIX = "sweep", "matrix"  # how their files' names begin
RATES = ("success_rate", "fall_rate")


@dataclass(frozen=True)
class Figure:
    """One quantity: its mean over episodes, and the 95 % interval of that mean."""

    name: str
    mean: float
    low: float
    high: float

    @property
    def text(self) -> str:
        return f"{self.mean:.2f}" if self.name in RATES else decimal(self.mean)

    @property
    def interval(self) -> str:
        ends = [f"{v:.2f}" if self.name in RATES else decimal(v) for v in (self.low, self.high)]
        return f"[{ends[0]}, {ends[1]}]"


def figures(result: Evaluation) -> list[Figure]:
    """Success, falls, return, then the task's own metrics."""
    return [
        Figure("success_rate", result.success_rate, *result.success_ci95),
        Figure("fall_rate", result.fall_rate, *result.fall_ci95),
        Figure("return_mean", result.return_mean, *result.return_ci95),
        *(Figure(name, mean, *result.metrics_ci95[name]) for name, mean in result.metrics.items()),
    ]


def show_evaluation(result: Evaluation) -> None:
    """Print one evaluation: a line a figure, and what was judged."""
    label, where = policy_label(Path(result.policy)), Path(result.domain).stem
    table = Table(title=f"{label} in {where}, {episodes(result.episodes)}")
    for title in ("figure", "mean", "95 % interval"):
        table.add_column(title, justify="left" if title == "figure" else "right")
    for figure in figures(result):
        table.add_row(figure.name, figure.text, figure.interval)
    print_table(table)
    for name in ("domain", "policy", "policy_sha256", "seed", "seconds"):
        sys.stdout.write(f"{name:14} {getattr(result, name)}\n")


def policy_label(path: Path) -> str:
    """A policy's name for people: its file's, or for a run's policy.onnx the run and the method."""
    return path.stem if path.stem != "policy" else "/".join(path.absolute().parts[-3:-1])


def domain_label(domain: Domain) -> str:
    """A domain's name for people."""
    return Path(domain.source).stem


def episodes(count: int) -> str:
    """1 episode, 20 episodes."""
    return f"{count} episode{'' if count == 1 else 's'}"


def file_name(*parts: str) -> str:
    """Parts of a file's name, without what would make it a folder."""
    return "-".join(part.replace("/", "-") for part in parts)
