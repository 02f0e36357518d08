"""Transfer matrix: policies, each trained with something else, in domains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from contract.errors import TerrafirmaError
from pipeline.evaluation.cell import Cell, domain_digest
from pipeline.evaluation.figures import domain_label, episodes, figures, policy_label
from pipeline.pictures.heat_map import BAD, GOOD, Entry, HeatMap, draw_heat_maps
from pipeline.tables import print_table
from policies.evaluation import Evaluation, check_evaluable
from policies.runtime import Policy
from sim.domains.domain import Domain

TITLES = ("Success rate", "Fall rate", "Mean return")


@dataclass(frozen=True)
class MatrixPlan:
    """What is to be measured; `trained_in` holds each policy's training domain, where it is known."""

    policies: tuple[Policy, ...]
    domains: tuple[Domain, ...]
    episodes: int
    seed: int
    trained_in: tuple[Domain | None, ...]

    @property
    def policy_labels(self) -> list[str]:
        paths = [policy.path for policy in self.policies]
        return _distinct([policy_label(path) for path in paths], [str(path) for path in paths])

    @property
    def domain_labels(self) -> list[str]:
        labels = [domain_label(domain) for domain in self.domains]
        return _distinct(labels, [domain.source for domain in self.domains])

    def check(self) -> None:
        """Refuse policies of another robot or task than the first, and whatever `evaluate` refuses."""
        first = self.policies[0]
        wanted = first.contract.identity
        for policy in self.policies:
            identity = policy.contract.identity
            if (identity.robot, identity.task) != (wanted.robot, wanted.task):
                raise TerrafirmaError(
                    f"{policy.path}: is for {identity.robot} and task {identity.task!r}; a matrix compares "
                    f"policies of one robot and task, and {first.path} is for {wanted.robot} and task "
                    f"{wanted.task!r}."
                )
            for domain in self.domains:
                check_evaluable(policy, domain)

    def cells(self) -> list[Cell]:
        """Row by row: all domains of the first policy first."""
        return [
            Cell(policy.path, policy.sha256, domain, self.episodes, self.seed)
            for policy in self.policies
            for domain in self.domains
        ]

    def places(self) -> Iterator[tuple[str, str, bool]]:
        """Policy, domain, and whether the one was trained in the other; in the order of the cells."""
        for policy, trained_in in zip(self.policy_labels, self.trained_in, strict=True):
            own = domain_digest(trained_in) if trained_in else None
            for label, domain in zip(self.domain_labels, self.domains, strict=True):
                yield policy, label, domain_digest(domain) == own


def _distinct(labels: list[str], otherwise: list[str]) -> list[str]:
    return labels if len(set(labels)) == len(labels) else otherwise


def matrix_rows(plan: MatrixPlan, results: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """One plain object a cell."""
    identity = plan.policies[0].contract.identity
    return [
        {
            "policy_name": policy,
            "robot": identity.robot,
            "task": identity.task,
            "domain_name": domain,
            "trained_here": trained,
        }
        | asdict(result)
        for (policy, domain, trained), result in zip(plan.places(), results, strict=True)
    ]


def show_matrix(plan: MatrixPlan, results: Sequence[Evaluation]) -> None:
    """Print a table whose lines are policies and whose columns are domains."""
    table = Table(
        title="success, falls, return of policies (lines) in domains (columns), "
        f"{episodes(plan.episodes)} each; 95 % intervals; * trained there"
    )
    table.add_column("policy")
    table.add_column("figure")
    for label in plan.domain_labels:
        table.add_column(label, justify="right")
    for i, (policy, row) in enumerate(zip(plan.policy_labels, _maps(plan, results), strict=True)):
        for k, title in enumerate(TITLES):
            cells = [f"{e.text} {e.interval}{' *' if e.marked else ''}" for e in row[k]]
            last = k == len(TITLES) - 1 and i < len(plan.policies) - 1
            table.add_row(policy if k == 0 else "", title.lower(), *cells, end_section=last)
    print_table(table)


def draw_matrix(plan: MatrixPlan, results: Sequence[Evaluation], path: Path) -> None:
    """Write the heat maps of success, falls and return to a PNG."""
    rows = _maps(plan, results)
    looks = ((GOOD, (0.0, 1.0)), (BAD, (0.0, 1.0)), (GOOD, None))
    maps = [
        HeatMap(title, [row[k] for row in rows], colour, bounds)
        for k, (title, (colour, bounds)) in enumerate(zip(TITLES, looks, strict=True))
    ]
    identity = plan.policies[0].contract.identity
    title = f"{Path(identity.robot).stem} {identity.task}: policies in domains"
    notes = [f"{episodes(plan.episodes)} a cell, 95 % intervals below each mean."]
    if any(trained for _, _, trained in plan.places()):
        notes.append("Framed: the domain that the policy was trained in.")
    draw_heat_maps(
        path, title, notes, plan.policy_labels, plan.domain_labels, maps, f"{title}. {' '.join(notes)}"
    )


def _maps(plan: MatrixPlan, results: Sequence[Evaluation]) -> list[list[list[Entry]]]:
    """Entries by policy, figure (as TITLES) and domain."""
    wide = len(plan.domains)
    marked = [trained for _, _, trained in plan.places()]
    rows = []
    for start in range(0, len(results), wide):
        inside = range(start, start + wide)
        entries = [
            [Entry(f.mean, f.text, f.interval, marked[i]) for f in figures(results[i])[:3]] for i in inside
        ]
        rows.append([[entry[k] for entry in entries] for k in range(len(TITLES))])
    return rows
