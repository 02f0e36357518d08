"""Limits of one deployment: those of the contract, or tighter ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from contract.errors import TerrafirmaError
from contract.record import Command, Contract, Joint

SCALES = ("velocity_scale", "effort_scale", "command_scale")


@dataclass(frozen=True)
class Limits:
    """How much of what the contract allows is allowed here; the defaults are all of it."""

    position_margin: float = 0.0  # rad, kept from both ends of every joint
    velocity_scale: float = 1.0  # of the joints' velocities
    effort_scale: float = 1.0  # of the joints' efforts, where efforts are commanded
    command_scale: float = 1.0  # of the range of task commands, about the neutral one
    tilt_limit: float = 0.0  # rad; 0: the contract's
    sensor_timeout: float = 0.0  # s; 0: the contract's
    unlocked: bool = False  # whether limits may be wider than the contract's

    def apply(self, contract: Contract) -> Contract:
        """The contract with these limits.

        Raises:
            TerrafirmaError: a limit is wider than the contract's without `unlocked`, or impossible;
                names its parameter.
        """
        self._check(contract)
        safety = contract.safety
        return replace(
            contract,
            joints=tuple(self._joint(joint) for joint in contract.joints),
            command=self._command(contract.command),
            safety=replace(
                safety,
                sensor_timeout=self.sensor_timeout or safety.sensor_timeout,
                tilt_limit=safety.tilt_limit and (self.tilt_limit or safety.tilt_limit),
            ),
        )

    def _check(self, contract: Contract) -> None:
        highest = math.inf if self.unlocked else 1.0
        for name in SCALES:
            _between(name, getattr(self, name), 0.0, highest, above=True)
        _between("position_margin", self.position_margin, -math.inf if self.unlocked else 0.0, math.inf)
        for name in ("tilt_limit", "sensor_timeout"):
            own = getattr(contract.safety, name)
            if own is None and getattr(self, name):
                raise TerrafirmaError(f"parameter limits.{name}: the contract has none to tighten.")
            _between(name, getattr(self, name), 0.0, math.inf if self.unlocked else own or 0.0)

    def _joint(self, joint: Joint) -> Joint:
        lower, upper = joint.lower + self.position_margin, joint.upper - self.position_margin
        if not lower <= joint.default_position <= upper:
            raise TerrafirmaError(
                f"parameter limits.position_margin: {self.position_margin:g} rad leaves {joint.name} "
                f"[{lower:.3g}, {upper:.3g}] rad, without its default pose {joint.default_position:.3g}."
            )
        return replace(
            joint,
            lower=lower,
            upper=upper,
            max_velocity=joint.max_velocity * self.velocity_scale,
            max_effort=joint.max_effort * self.effort_scale,
        )

    def _command(self, command: Command) -> Command:
        def scaled(ends: tuple[float, ...]) -> tuple[float, ...]:
            pairs = zip(ends, command.neutral, strict=True)
            return tuple(neutral + self.command_scale * (end - neutral) for end, neutral in pairs)

        return replace(command, low=scaled(command.low), high=scaled(command.high))


def _between(name: str, value: float, low: float, high: float, above: bool = False) -> None:
    fits = math.isfinite(value) and low <= value <= high and not (above and value == low)
    if not fits:
        bounds = f"{'(' if above else '['}{low:g}, {high:g}]"
        raise TerrafirmaError(
            f"parameter limits.{name}: {value:g} is not within {bounds}. Limits may be tighter than the "
            "contract's; limits.unlocked:=true allows wider ones."
        )
