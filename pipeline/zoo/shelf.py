"""Where the shipped policies, their cards and their page are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contract.errors import TerrafirmaError, UnknownNameError
from pipeline.places import ROOT, ZOO
from pipeline.zoo.card import Card, parse
from policies.runtime import Policy


@dataclass(frozen=True)
class Shelf:
    """`folder` holds NAME.onnx and NAME.json of each; `docs` the page that shows them."""

    folder: Path = ZOO
    docs: Path = ROOT / "docs"

    @property
    def names(self) -> list[str]:
        """Of the policies, with a card or without."""
        return sorted(path.stem for path in self.folder.glob("*.onnx"))

    @property
    def page(self) -> Path:
        return self.docs / "policies.md"

    def picture(self, name: str) -> Path:
        return self.docs / "images" / "policies" / f"{name}.jpg"

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.onnx"

    def card_file(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def policy(self, name: str) -> Policy:
        """The policy, verified."""
        if name not in self.names:
            raise UnknownNameError("shipped policy", name, self.names)
        return Policy(self.file(name))

    def card(self, name: str) -> Card:
        """Its card; raises TerrafirmaError where there is none."""
        if name not in self.names:
            raise UnknownNameError("shipped policy", name, self.names)
        path = self.card_file(name)
        if not path.is_file():
            raise TerrafirmaError(f"{path}: {name} has no card; `terrafirma zoo add` writes one.")
        return parse(path.read_text(encoding="utf-8", errors="replace"), str(path))

    def cards(self) -> list[Card]:
        """All that there are, by name."""
        return [self.card(name) for name in self.names if self.card_file(name).is_file()]
