"""Robustness curves: one policy, one domain, one of its parameters at a row of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from pipeline.evaluation.cell import Cell
from pipeline.evaluation.figures import RATES, SWEEP, domain_label, episodes, figures, file_name, policy_label
from pipeline.pictures.curve_panel import Mean, Panel
from pipeline.pictures.curves import draw_curves
from pipeline.tables import print_table
from policies.evaluation import Evaluation, check_evaluable
from policies.runtime import Policy
from policies.sweep import Sweep
from policies.trained_range import Mark, TrainedRange, trained_range
from sim.domains.domain import Domain
from sim.robots import load_robot


@dataclass(frozen=True)
class SweepPlan:
    """What is to be measured; `trained_in` is the policy's training domain, if it is known."""

    policy: Policy
    domain: Domain
    sweep: Sweep
    episodes: int
    seed: int
    trained_in: Domain | None

    @property
    def name(self) -> str:
        """Of its files, without an ending."""
        label = policy_label(self.policy.path)
        return file_name(SWEEP, label, domain_label(self.domain), self.sweep.name)

    @property
    def axis(self) -> str:
        unit = self.sweep.parameter.unit
        return self.sweep.name if unit == "1" else f"{self.sweep.name} ({unit})"

    @property
    def trained(self) -> TrainedRange | None:
        """What training has seen of the parameter."""
        if self.trained_in is None:
            return None
        robot = load_robot(self.policy.contract.identity.robot)
        return trained_range(self.trained_in, robot, self.sweep.parameter.name, self.sweep.component)

    def check(self) -> None:
        """Refuse what cannot be measured before anything is; errors as of a domain file."""
        check_evaluable(self.policy, self.domain)
        robot = load_robot(self.policy.contract.identity.robot)
        self.sweep.check(self.domain, robot)
        if self.trained_in is not None:
            self.trained_in.check(robot)

    def cells(self) -> list[Cell]:
        return [
            Cell(
                self.policy.path,
                self.policy.sha256,
                self.sweep.at(self.domain, value),
                self.episodes,
                self.seed,
            )
            for value in self.sweep.values
        ]


def marks(plan: SweepPlan) -> list[Mark]:
    """Where each value of the sweep lies with respect to training."""
    trained = plan.trained
    return ["unknown" if trained is None else trained.mark(value) for value in plan.sweep.values]


def sweep_rows(plan: SweepPlan, results: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """One plain object a value of the parameter."""
    identity, trained = plan.policy.contract.identity, plan.trained
    common = {
        "policy_name": policy_label(plan.policy.path),
        "robot": identity.robot,
        "task": identity.task,
        "parameter": plan.sweep.parameter.name,
        "component": plan.sweep.component,
        "unit": plan.sweep.parameter.unit,
        "trained_in": plan.trained_in.source if plan.trained_in else None,
        "trained_range": None if trained is None else (trained.low, trained.high),
    }
    return [
        common | {"value": value, "trained": mark} | asdict(result)
        for value, mark, result in zip(plan.sweep.values, marks(plan), results, strict=True)
    ]


def show_sweep(plan: SweepPlan, results: Sequence[Evaluation]) -> None:
    """Print a line a value, every figure with its interval."""
    label, where = policy_label(plan.policy.path), domain_label(plan.domain)
    table = Table(title=f"{label} in {where}, {episodes(plan.episodes)} a value; 95 % intervals")
    table.add_column(plan.axis, justify="right")
    table.add_column("training", justify="left")
    for figure in figures(results[0]):
        table.add_column(figure.name, justify="right")
    for value, mark, result in zip(plan.sweep.values, marks(plan), results, strict=True):
        table.add_row(f"{value:g}", mark, *(f"{f.text}\n{f.interval}" for f in figures(result)))
    print_table(table)


def draw_sweep(plan: SweepPlan, results: Sequence[Evaluation], path: Path) -> None:
    """Write the curves of all figures to a PNG."""
    rows = [figures(result) for result in results]
    trained = plan.trained
    panels = [
        Panel(
            title=figure.name,
            at=plan.sweep.values,
            means=[Mean(row[k].mean, row[k].low, row[k].high) for row in rows],
            trained=None if trained is None else (trained.low, trained.high),
            bounds=(0.0, 1.0) if figure.name in RATES else None,
        )
        for k, figure in enumerate(rows[0])
    ]
    title = f"{policy_label(plan.policy.path)} in {domain_label(plan.domain)}, over {plan.sweep.name}"
    notes = [f"{episodes(plan.episodes)} a value; bars are 95 % intervals.", _seen(plan)]
    draw_curves(path, title, notes, plan.axis, panels, f"{title}. {' '.join(notes)}")


def _seen(plan: SweepPlan) -> str:
    """What the shading means."""
    trained = plan.trained
    if plan.trained_in is None or trained is None:
        return "What training has seen of it is not known."
    where, unit = domain_label(plan.trained_in), plan.sweep.parameter.unit
    unit = "" if unit == "1" else f" {unit}"
    if trained.low < trained.high:
        return f"Shaded: drawn in training ({where}), {trained.low:g} to {trained.high:g}{unit}."
    return f"Green line: its one value in training ({where}), {trained.low:g}{unit}."
