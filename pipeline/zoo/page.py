"""docs/policies.md, written from the cards: nothing in it is typed by hand."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.evaluation.figures import Figure
from pipeline.zoo.card import Card, Interval

INTRODUCTION = """\
# Shipped policies

<!-- Written by `terrafirma zoo add` and `terrafirma zoo page` from the cards in policies/zoo. -->

Each is one ONNX file of at most 1 MB in `policies/zoo/`, with its card `NAME.json` beside it: recipe, commit,
seed, steps and seconds of training, the contract in brief, and what was measured. A name is enough wherever
a policy is asked for:

```
terrafirma deploy NAME --output BAG     # onto a robot that speaks ROS 2
terrafirma zoo list                     # all cards as a table
terrafirma zoo verify [NAME ...]        # measure every figure of the cards again, and compare
```

`zoo verify` runs the very episodes that the card names and ends with 0 if each figure is equal, or lies in
the 95 % interval of the new measurement; otherwise it names the figure. [Evaluation](evaluation.md) says what
the figures mean, [Command line](command-line.md#zoo) how a policy gets here.
"""


def page(cards: Sequence[Card]) -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(_section(card) for card in cards)])


def _section(card: Card) -> str:
    parts = [
        f"## {card.name}",
        f"![{card.robot}, task {card.task}, in {card.measured[0].domain}](images/policies/{card.name}.jpg)",
        *([card.remark] if card.remark else []),
        _facts(card),
        _figures(card),
        *_recipe(card),
    ]
    return "\n\n".join(parts) + "\n"


def _facts(card: Card) -> str:
    training, contract = card.training, card.contract
    observation = ", ".join(f"{name} {size}" for name, size in contract.observation.items())
    command = ", ".join(f"{name} ({unit})" for name, unit in contract.command.items())
    state = ", ".join(f"{name} {list(shape)}" for name, shape in contract.recurrent_state.items())
    rows = {
        "robot, task": f"{card.robot}, [{card.task}](robots-and-tasks.md)",
        "file": f"{card.bytes:,} bytes, sha256 `{card.sha256[:16]}…`",
        "made by": _made(card),
        "recipe, commit": f"`{training.recipe_hash[:16]}…`, `{training.commit[:12] or 'not known'}`",
        "observation": f"{sum(contract.observation.values())} values: {observation}",
        "action": f"{len(contract.joints)} joints, {contract.action}, {contract.control_rate:g} Hz",
        "command": command,
        "recurrent state": state or "none",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows.items())])


def _made(card: Card) -> str:
    training = card.training
    facts = [card.method]
    if training.seed is not None:
        facts.append(f"seed {training.seed}")
    if training.steps is not None:
        facts.append(f"{training.steps:,} steps")
    if training.seconds is not None:
        facts.append(f"{training.seconds:,.0f} s")
    return ", ".join(facts)


def _figures(card: Card) -> str:
    names = list(dict.fromkeys(name for said in card.measured for name in said.figures))
    lines = [
        f"| domain | episodes | {' | '.join(f'`{name}`' for name in names)} |",
        f"|---|---|{'---|' * len(names)}",
    ]
    for said in card.measured:
        values = (_figure(name, said.figures.get(name)) for name in names)
        lines.append(f"| {said.domain} | {said.episodes} | {' | '.join(values)} |")
    return "\n".join(lines)


def _figure(name: str, value: Interval | None) -> str:
    if value is None:
        return ""
    figure = Figure(name, value.mean, value.low, value.high)
    return f"{figure.text} {figure.interval}"


def _recipe(card: Card) -> list[str]:
    if not card.training.recipe:
        return []
    return [
        f"<details><summary>Recipe</summary>\n\n```yaml\n{card.training.recipe.rstrip()}\n```\n\n</details>"
    ]
