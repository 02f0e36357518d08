"""Cards, and what became of their figures, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from pipeline.evaluation.figures import Figure
from pipeline.report.numbers import duration
from pipeline.tables import print_table
from pipeline.zoo.card import Card, Interval
from pipeline.zoo.verify import Compared


def show_cards(cards: Sequence[Card]) -> None:
    """A line for each policy and domain; the policy's own facts on its first."""
    table = Table()
    titles = ("policy", "robot", "task", "kB", "seed", "steps", "training", "domain", "success", "falls")
    for title in titles:
        table.add_column(title, justify="right" if title in ("kB", "seed", "steps", "training") else "left")
    for card in cards:
        own = _own(card)
        for said in card.measured:
            shown = (_shown(name, said.figures.get(name)) for name in ("success_rate", "fall_rate"))
            table.add_row(*own, said.domain, *shown)
            own = ("",) * len(own)
    print_table(table)


def _own(card: Card) -> tuple[str, ...]:
    made = card.training
    return (
        card.name,
        card.robot,
        card.task,
        f"{card.bytes / 1000:.0f}",
        "" if made.seed is None else str(made.seed),
        "" if made.steps is None else f"{made.steps:,}",
        "" if made.seconds is None else duration(made.seconds),
    )


def show_compared(rows: Sequence[Compared]) -> None:
    """Every figure of the cards beside its new measurement."""
    table = Table()
    for title in ("policy", "domain", "figure", "card", "measured", "agrees"):
        table.add_column(title)
    for row in rows:
        card, measured = _shown(row.figure, row.card), _shown(row.figure, row.measured)
        table.add_row(
            row.policy, row.domain, row.figure, card, measured, "yes" if row.agrees else "[bold red]no"
        )
    print_table(table)


def _shown(name: str, value: Interval | None) -> str:
    if value is None:
        return ""
    figure = Figure(name, value.mean, value.low, value.high)
    return f"{figure.text} {figure.interval}"
