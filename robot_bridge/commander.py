"""A user who asks for something new every few seconds."""

from __future__ import annotations

import numpy as np

from contract.errors import TerrafirmaError
from contract.record import Command
from contract.state import Array


class Commander:
    """Uniform random commands within the contract's range, each kept for `interval` s; or always `fixed`.

    Raises:
        TerrafirmaError: the interval is not positive.
    """

    def __init__(
        self, command: Command, interval: float, rng: np.random.Generator, fixed: Array | None = None
    ) -> None:
        if not interval > 0:
            raise TerrafirmaError(f"interval: {interval} s must be positive.")
        self._fixed = fixed
        self._low, self._high = np.array(command.low), np.array(command.high)
        self._interval, self._rng = interval, rng
        self._values: Array | None = None
        self._since = 0.0

    def current(self, now: float) -> Array:
        """The command (k,) in force at `now` s."""
        if self._fixed is not None:
            return self._fixed
        if self._values is None or not 0 <= now - self._since < self._interval:
            self._values, self._since = self._rng.uniform(self._low, self._high), now
        return self._values


def parse_command(text: str, command: Command) -> Array | None:
    """The command that `text` gives, "0.4 0 0" or "0.4, 0, 0"; None where it is empty.

    Raises:
        TerrafirmaError: it is none, or out of the contract's range.
    """
    if not text.strip():
        return None
    expected = f"expected {', '.join(command.fields)} ({', '.join(command.units)}), e.g. " + repr(
        " ".join(f"{value:g}" for value in command.neutral)
    )
    try:
        values = np.array([float(part) for part in text.replace(",", " ").split()])
    except ValueError:
        raise TerrafirmaError(f"parameter command: {text!r}: {expected}.") from None
    if len(values) != len(command.fields):
        raise TerrafirmaError(f"parameter command: {text!r} has {len(values)} values: {expected}.")
    for name, value, low, high in zip(command.fields, values, command.low, command.high, strict=True):
        if not low <= value <= high:
            raise TerrafirmaError(f"parameter command: {name}: {value:g} is outside [{low:g}, {high:g}].")
    return values
