"""Frozen dataclasses to JSON and back, at full precision and with nothing unknown let through."""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, asdict, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from contract.errors import ContractError, UnknownNameError

T = TypeVar("T")


def to_json(record: object) -> str:
    """Canonical JSON: equal records give equal text, and floats round-trip exactly."""
    return json.dumps(asdict(cast(Any, record)), sort_keys=True, allow_nan=False)


def from_json(cls: type[T], text: str, where: str) -> T:
    """Parse `text` into the dataclass `cls`.

    Args:
        where: name of the file or key that `text` came from, for the error.

    Raises:
        ContractError: on malformed JSON, missing fields or values of a wrong type.
        UnknownNameError: on a field that `cls` does not have.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ContractError(f"{where}: not valid JSON ({error}).") from error
    return cast(T, _decode(cls, data, where))


def _decode(kind: Any, value: Any, where: str) -> Any:
    if is_dataclass(kind):
        return _decode_record(cast(type[Any], kind), value, where)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        inner = next(a for a in arguments if a is not NoneType)
        return None if value is None else _decode(inner, value, where)
    if origin is tuple:
        return _decode_tuple(arguments, value, where)
    if origin is Literal:
        if value not in arguments:
            raise UnknownNameError("value", value, map(str, arguments), where)
        return value
    return _decode_scalar(kind, value, where)


def _decode_record(cls: type[Any], value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ContractError(f"{where}: expected an object, got {value!r}.")
    hints = get_type_hints(cls)
    for name in value:
        if name not in hints:
            raise UnknownNameError("field", name, hints, where)
    missing = [f.name for f in fields(cls) if f.name not in value and f.default is MISSING]
    if missing:
        raise ContractError(f"{where}: missing field(s) {', '.join(missing)}.")
    return cls(**{name: _decode(hints[name], item, f"{where}.{name}") for name, item in value.items()})


def _decode_tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ContractError(f"{where}: expected a list, got {value!r}.")
    if arguments[-1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    if len(arguments) != len(value):
        raise ContractError(f"{where}: expected {len(arguments)} values, got {len(value)}.")
    return tuple(
        _decode(a, v, f"{where}[{i}]") for i, (a, v) in enumerate(zip(arguments, value, strict=True))
    )


def _decode_scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
    if type(value) is not kind:
        raise ContractError(f"{where}: expected {kind.__name__}, got {value!r}.")
    if kind is float and not math.isfinite(value):
        raise ContractError(f"{where}: expected a finite number, got {value!r}.")
    return value
