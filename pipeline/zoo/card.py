"""A model card: what a shipped policy is, what made it, and what was measured of it."""

from __future__ import annotations

from typing import Any

from pydantic import Field, PositiveInt, ValidationError

from contract.errors import TerrafirmaError
from contract.record import Contract
from policies.config import Strict


class Training(Strict):
    """What made the policy. None, or an empty text, is what nobody knows any more."""

    recipe: str = ""  # the whole text
    recipe_hash: str
    commit: str
    seed: int | None = None
    steps: int | None = None  # that were really done
    seconds: float | None = None  # of wall time
    versions: dict[str, str] = Field(default_factory=dict)
    parent: str | None = None  # sha256 of the policy that this one was adapted from


class Brief(Strict):
    """The contract in brief; the whole of it is in the ONNX file."""

    control_rate: float  # Hz
    joints: tuple[str, ...]
    action: str
    observation: dict[str, int]  # values of each term
    command: dict[str, str]  # unit of each field
    recurrent_state: dict[str, tuple[int, ...]]


class Interval(Strict):
    """A mean over episodes, and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float


class Measured(Strict):
    """One evaluation: episode i has seed `seed` + i."""

    domain: str  # name of a shipped one
    domain_digest: str  # of what it did then
    episodes: PositiveInt
    seed: int = Field(ge=0)
    commit: str  # of the simulator
    figures: dict[str, Interval]


class Card(Strict):
    """NAME.json beside NAME.onnx."""

    name: str
    remark: str = ""
    robot: str
    task: str
    method: str
    sha256: str
    bytes: PositiveInt
    training: Training
    contract: Brief
    measured: tuple[Measured, ...]


def brief(contract: Contract) -> Brief:
    """What of a contract tells policies apart."""
    return Brief(
        control_rate=contract.control_rate,
        joints=contract.joint_names,
        action=contract.action.kind,
        observation={term.source: term.dimension * term.history for term in contract.observation},
        command=dict(zip(contract.command.fields, contract.command.units, strict=True)),
        recurrent_state={state.name: state.shape for state in contract.recurrent_state},
    )


def parse(text: str, where: str) -> Card:
    """A card from its JSON.

    Raises:
        TerrafirmaError: the first field that is wrong.
    """
    try:
        return Card.model_validate_json(text)
    except ValidationError as error:
        problem: Any = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "the whole of it"
        raise TerrafirmaError(f"{where}: not a model card: {place}: {problem['msg']}.") from error
