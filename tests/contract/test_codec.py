"""Records survive JSON exactly, and nothing that is not a record gets in."""

from __future__ import annotations

import json
from dataclasses import dataclass, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract import codec
from contract.errors import ContractError, UnknownNameError
from contract.golden import GoldenTrace
from contract.record import Contract, Safety

SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    float: st.floats(allow_nan=False, allow_infinity=False),
    int: st.integers(),
    str: st.text(max_size=8),
}


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Every value of a type that records are made of."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return st.builds(kind, **{name: anything(hint) for name, hint in get_type_hints(kind).items()})
    if origin in (Union, UnionType):
        return st.none() | anything(next(a for a in arguments if a is not NoneType))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(anything(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(anything, arguments))
    return SCALARS[kind]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(record=anything(Contract))
def test_contract_round_trip_is_exact(record: Contract) -> None:
    text = codec.to_json(record)
    assert codec.from_json(Contract, text, "x") == record
    assert codec.to_json(codec.from_json(Contract, text, "x")) == text


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(record=anything(GoldenTrace))
def test_golden_trace_round_trip_is_exact(record: GoldenTrace) -> None:
    assert codec.from_json(GoldenTrace, codec.to_json(record), "x") == record


@given(value=SCALARS[float])
def test_floats_keep_every_bit(value: float) -> None:
    back = codec.from_json(Safety, codec.to_json(Safety(value, 0.0)), "x").sensor_timeout
    assert back.hex() == value.hex()


def edited(contract: Contract, path: list[str | int], value: object) -> str:
    """The contract's JSON with one entry replaced, or added."""
    data = json.loads(codec.to_json(contract))
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(data)


def test_unknown_field_names_the_nearest(arm_contract: Contract) -> None:
    text = edited(arm_contract, ["safety", "sensor_timeot"], 0.1)
    with pytest.raises(UnknownNameError, match=r"f\.onnx\.safety: .*'sensor_timeot'.*'sensor_timeout'"):
        codec.from_json(Contract, text, "f.onnx")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["control_rate"], "20", r"control_rate: expected float, got '20'"),
        (["control_rate"], True, r"control_rate: expected float, got True"),
        (["control_rate"], None, r"control_rate: expected float, got None"),
        (["control_rate"], float("nan"), r"control_rate: expected a finite number"),
        (["control_rate"], float("inf"), r"control_rate: expected a finite number"),
        (["control_rate"], 10**400, r"control_rate: expected a finite number"),
        (["joints"], {}, r"joints: expected a list, got \{\}"),
        (["joints", 1], 3, r"joints\[1\]: expected an object, got 3"),
        (["joints", 0, "name"], 3, r"joints\[0\]\.name: expected str, got 3"),
        (["observation", 0, "history"], 2.0, r"observation\[0\]\.history: expected int, got 2\.0"),
        (["kinematics", "tool"], [0.0, 1.0], r"kinematics\.tool: expected 3 values, got 2"),
        (["action", "kind"], "position_stop", r"'position_stop'\. Did you mean 'position_step'"),
    ],
)
def test_wrong_value_is_named(
    arm_contract: Contract, path: list[str | int], value: object, message: str
) -> None:
    with pytest.raises(ContractError if "Did you" not in message else UnknownNameError, match=message):
        codec.from_json(Contract, edited(arm_contract, path, value), "f")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\x00", "[1, 2]", "null"])
def test_text_that_is_no_record(text: str) -> None:
    with pytest.raises(ContractError, match=r"^f: "):
        codec.from_json(Contract, text, "f")


def test_missing_fields_are_all_named(arm_contract: Contract) -> None:
    data = json.loads(codec.to_json(arm_contract))
    del data["joints"], data["action"]
    with pytest.raises(ContractError, match=r"missing field\(s\) joints, action"):
        codec.from_json(Contract, json.dumps(data), "f")


def test_integers_are_read_as_floats() -> None:
    record = codec.from_json(Safety, '{"sensor_timeout": 1, "ramp_in": 0}', "f")
    assert type(record.sensor_timeout) is float


def test_a_number_that_json_cannot_hold_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        codec.to_json(Safety(float("nan"), 0.0))


@dataclass(frozen=True)
class Later:
    """A record whose newest field has a default, as a schema grows."""

    a: int
    b: tuple[float, ...] = (1.0,)


def test_a_default_stands_in_for_an_absent_field() -> None:
    assert codec.from_json(Later, '{"a": 1}', "f") == Later(1)
