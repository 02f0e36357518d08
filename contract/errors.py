"""Errors that say what was wrong, where, what would be right and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class TerrafirmaError(Exception):
    """Base of every error that a user can cause; the command line turns it into exit code 2."""


class ContractError(TerrafirmaError):
    """A contract, or the policy file that carries it, is malformed or does not match its use."""


class DomainError(TerrafirmaError):
    """A domain file names something that does not exist or gives it an impossible value."""


class UnknownNameError(TerrafirmaError):
    """A name that is not one of the valid ones.

    Args:
        kind: what the name should have named, e.g. "domain parameter".
        name: the name that was given.
        valid: the names that exist.
        where: file, line or field in which the name stood.
    """

    def __init__(self, kind: str, name: object, valid: Iterable[str], where: str = "") -> None:
        names = sorted(valid)
        message = f"{where + ': ' if where else ''}unknown {kind} {name!r}."
        close = get_close_matches(str(name), names, n=1, cutoff=0.4)
        if close:
            message += f" Did you mean {close[0]!r}?"
        super().__init__(f"{message} Valid: {', '.join(names) or 'none'}.")
