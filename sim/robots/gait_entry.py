"""The `gait` of a robot file: the legs of a trot, with joints by name."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from contract.errors import TerrafirmaError, UnknownNameError
from contract.record import Gait, Leg
from sim.robots.entry import Entry
from sim.robots.spec import Vector


class LegEntry(Entry):
    """One leg; the units are those of `contract.record.Leg`."""

    joints: tuple[str, str, str]
    hip: Vector
    lateral_offset: float
    thigh: float = Field(gt=0)
    shank: float = Field(gt=0)
    phase_offset: float = Field(ge=0, lt=1)
    sign: Vector = (1.0, 1.0, 1.0)
    zero: Vector = (0.0, 0.0, 0.0)


class GaitEntry(Entry):
    """The whole trot; the units are those of `contract.record.Gait`."""

    frequency: float = Field(gt=0)
    body_height: float = Field(gt=0)
    swing_height: float = Field(ge=0)
    foot_x_offset: float
    stand_below: float = Field(ge=0)
    legs: tuple[LegEntry, ...] = Field(min_length=1)

    def gait(self, names: Sequence[str], where: str) -> Gait:
        """With the indices of the joints among `names`; `where` is for errors."""
        legs = tuple(_leg(leg, names, f"{where}.legs.{i}") for i, leg in enumerate(self.legs))
        used = [index for leg in legs for index in leg.joints]
        if len(set(used)) < len(used):
            raise TerrafirmaError(f"{where}.legs: a joint belongs to two places.")
        settings = self.frequency, self.body_height, self.swing_height, self.foot_x_offset, self.stand_below
        return Gait(legs, *settings)


def _leg(entry: LegEntry, names: Sequence[str], where: str) -> Leg:
    for name in entry.joints:
        if name not in names:
            raise UnknownNameError("joint", name, names, f"{where}.joints")
    if not set(entry.sign) <= {1.0, -1.0}:
        raise TerrafirmaError(f"{where}.sign: each must be 1 or -1, got {list(entry.sign)}.")
    abduction, thigh, knee = (names.index(name) for name in entry.joints)
    return Leg(
        (abduction, thigh, knee),
        entry.hip,
        entry.lateral_offset,
        entry.thigh,
        entry.shank,
        entry.phase_offset,
        entry.sign,
        entry.zero,
    )
