"""`terrafirma zoo`: the shipped policies and their cards."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import Positional, subcommand

from contract.errors import TerrafirmaError

if TYPE_CHECKING:
    from pipeline.zoo.verify import Compared

DIFFERENT = 1
AsJson = Annotated[bool, tyro.conf.arg(name="json")]


@dataclass(frozen=True)
class List:
    """Show every shipped policy with what its card says.

    Args:
        as_json: print the cards as one list.
    """

    as_json: AsJson = False

    def run(self) -> int:
        from pipeline.zoo.shelf import Shelf
        from pipeline.zoo.tables import show_cards

        cards = Shelf().cards()
        if self.as_json:
            sys.stdout.write(json.dumps([card.model_dump(mode="json") for card in cards]) + "\n")
        else:
            show_cards(cards)
        return 0


@dataclass(frozen=True)
class Verify:
    """Measure every figure of the cards again and compare; ends with 1 where one differs, and names it.

    Args:
        names: shipped policies; all of them unless given.
        episodes: of each evaluation, in place of the card's.
        seed: of the first episode, in place of the card's.
        as_json: print a list of rows.
    """

    names: Positional[tuple[str, ...]] = ()
    episodes: int | None = None
    seed: int | None = None
    as_json: AsJson = False

    def run(self) -> int:
        from pipeline.zoo.shelf import Shelf
        from pipeline.zoo.tables import show_compared
        from pipeline.zoo.verify import verify

        _at_least("--episodes", self.episodes, 1)
        _at_least("--seed", self.seed, 0)
        shelf, wrong, rows = Shelf(), list[str](), list["Compared"]()
        for name in self.names or shelf.names:
            contradictions, compared = verify(shelf, name, self.episodes, self.seed)
            wrong += contradictions
            rows += compared
        if self.as_json:
            sys.stdout.write(json.dumps([_plain(row) for row in rows]) + "\n")
        else:
            show_compared(rows)
        wrong += [f"{row.policy}: {row.figure} in {row.domain} differs." for row in rows if not row.agrees]
        sys.stderr.write("".join(f"{line}\n" for line in wrong))
        return DIFFERENT if wrong else 0


@dataclass(frozen=True)
class Add:
    """Ship a policy: measure it, and write file, card, picture and page into this checkout.

    Args:
        policy: run directory, ONNX file, or the name of a shipped policy, to measure that one anew.
        name: to ship it under.
        domains: shipped ones to measure it in; the picture is of the first.
        episodes: in each.
        seed: of the first episode.
        remark: a sentence for the card, e.g. how this one was chosen among seeds.
        replace: the name may be taken.
    """

    policy: Positional[str]
    name: str
    domains: tuple[str, ...]
    episodes: int = 100
    seed: int = 10_000
    remark: str = ""
    replace: bool = False

    def run(self) -> int:
        from pipeline.zoo.add import add
        from pipeline.zoo.shelf import Shelf

        _at_least("--episodes", self.episodes, 1)
        _at_least("--seed", self.seed, 0)
        if not self.domains:
            raise TerrafirmaError("--domains: name at least one.")
        shelf = Shelf()
        add(shelf, self.policy, self.name, self.domains, self.episodes, self.seed, self.remark, self.replace)
        files = (shelf.file(self.name), shelf.card_file(self.name), shelf.picture(self.name), shelf.page)
        sys.stdout.write("".join(f"{path}\n" for path in files))
        return 0


@dataclass(frozen=True)
class Page:
    """Write docs/policies.md from the cards again."""

    def run(self) -> int:
        from pipeline.zoo.add import write_page
        from pipeline.zoo.shelf import Shelf

        sys.stdout.write(f"{write_page(Shelf())}\n")
        return 0


def zoo(
    action: tyro.conf.OmitArgPrefixes[
        Annotated[List, subcommand("list", prefix_name=False)]
        | Annotated[Verify, subcommand("verify", prefix_name=False)]
        | Annotated[Add, subcommand("add", prefix_name=False)]
        | Annotated[Page, subcommand("page", prefix_name=False)]
    ],
) -> int:
    """The shipped policies: list them, verify what their cards say, add one."""
    return action.run()


def _at_least(name: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise TerrafirmaError(f"{name} {value}: must be at least {least}.")


def _plain(row: Compared) -> dict[str, object]:
    values = {name: getattr(row, name).model_dump(mode="json") for name in ("card", "measured")}
    return asdict(row) | values
