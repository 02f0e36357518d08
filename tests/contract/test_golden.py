"""A golden trace passes where it was recorded, and every kind of change to it is noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from contract import codec, golden
from contract.errors import ContractError
from contract.golden import GoldenTick, GoldenTrace
from contract.record import Contract, ObservationTerm
from contract.state import Array, RobotState

Readings = Callable[..., list[tuple[RobotState, Array]]]
TICKS = 12


def network(observation: NDArray[np.float32]) -> Array:
    """A small smooth policy: three fixed mixtures of all observations, squashed."""
    weights = np.sin(np.arange(3 * observation.size)).reshape(3, -1)
    return np.asarray(0.2 * np.tanh(weights @ observation), dtype=np.float64)


@pytest.fixture
def trace(arm_contract: Contract, readings: Readings) -> GoldenTrace:
    return golden.record(arm_contract, network, readings(arm_contract, TICKS))


def test_replays_exactly_where_it_was_recorded(arm_contract: Contract, trace: GoldenTrace) -> None:
    assert len(trace.ticks) == TICKS
    assert golden.replay(arm_contract, network, trace, "f") == 0.0


def test_replays_exactly_after_json(arm_contract: Contract, trace: GoldenTrace) -> None:
    back = codec.from_json(GoldenTrace, codec.to_json(trace), "f")
    assert golden.replay(arm_contract, network, back, "f") == 0.0


@pytest.mark.parametrize(
    "field", ["joint_position", "joint_velocity", "command", "observation", "action", "set_point"]
)
def test_a_changed_number_is_found(arm_contract: Contract, trace: GoldenTrace, field: str) -> None:
    values = list(getattr(trace.ticks[4], field))
    values[1] += 1e-3
    with pytest.raises(ContractError, match=r"^f: tick 4: \S+\[\d+\] is "):
        golden.replay(arm_contract, network, tampered(trace, 4, field, values), "f")


@pytest.mark.parametrize("field", [field.name for field in fields(GoldenTick)])
def test_a_field_of_wrong_length_is_found(arm_contract: Contract, trace: GoldenTrace, field: str) -> None:
    right = getattr(trace.ticks[2], field) or ()
    for values in ([], right[:1], [*right, 0.0]):
        with pytest.raises(ContractError, match=r"^f: tick 2: .*values"):
            golden.replay(arm_contract, network, tampered(trace, 2, field, values), "f")


def test_a_missing_tick_is_found(arm_contract: Contract, trace: GoldenTrace) -> None:
    with pytest.raises(ContractError, match="tick 3: observation"):
        golden.replay(arm_contract, network, GoldenTrace(trace.ticks[:3] + trace.ticks[4:]), "f")


def test_an_empty_trace_is_refused(arm_contract: Contract) -> None:
    with pytest.raises(ContractError, match="golden trace is empty"):
        golden.replay(arm_contract, network, GoldenTrace(()), "f")


def test_another_network_is_found(arm_contract: Contract, trace: GoldenTrace) -> None:
    with pytest.raises(ContractError, match=r"tick 0: action\[\d\] is .* golden trace says"):
        golden.replay(arm_contract, lambda o: network(o) * 1.001, trace, "f")


def test_a_network_that_gives_nan_is_found(arm_contract: Contract, trace: GoldenTrace) -> None:
    with pytest.raises(ContractError, match=r"tick 0: action\[1\] is nan"):
        golden.replay(arm_contract, lambda o: network(o) * [1.0, np.nan, 1.0], trace, "f")


@pytest.mark.parametrize(
    "change",
    [
        lambda c: replace(c, joints=(replace(c.joints[0], default_position=0.01), *c.joints[1:])),
        lambda c: replace(c, observation=(replace(c.observation[0], scale=1.01), *c.observation[1:])),
        lambda c: replace(c, observation=(c.observation[1], c.observation[0], *c.observation[2:])),
        lambda c: replace(c, action=replace(c.action, kind="position_offset")),
        lambda c: replace(c, kinematics=replace(c.kinematics, tool=(0.0, 0.05, 0.26))),
    ],
    ids=["default", "scale", "order", "kind", "tool"],
)
def test_another_contract_is_found(
    arm_contract: Contract, trace: GoldenTrace, change: Callable[[Contract], Contract]
) -> None:
    with pytest.raises(ContractError, match="this policy does not do here what it did"):
        golden.replay(change(arm_contract), network, trace, "f")


def test_rounding_of_another_processor_is_let_through(arm_contract: Contract, trace: GoldenTrace) -> None:
    """An action within tolerance must not fail the next tick's observation of that action."""
    error = 0.9 * golden.ACTION_TOLERANCE
    assert error > golden.OBSERVATION_TOLERANCE
    worst = golden.replay(arm_contract, lambda o: network(o) + error, trace, "f")
    assert worst == pytest.approx(error, rel=1e-6)


@pytest.fixture
def pushing_contract(arm_contract: Contract) -> Contract:
    """The arm, which also sees an object, with a history of two ticks."""
    seen = ObservationTerm("object_position", 3, "m", "base", scale=2.0, history=2)
    return replace(arm_contract, observation=(*arm_contract.observation, seen))


@pytest.fixture
def pushing_trace(pushing_contract: Contract, readings: Readings) -> GoldenTrace:
    sensed = readings(pushing_contract, TICKS)
    for tick, (state, _) in enumerate(sensed):
        state.object_position = np.array([0.5, 0.01 * tick, 0.03])
    return golden.record(pushing_contract, network, sensed)


def test_an_object_is_in_the_trace_and_in_the_observation(
    pushing_contract: Contract, pushing_trace: GoldenTrace
) -> None:
    back = codec.from_json(GoldenTrace, codec.to_json(pushing_trace), "f")
    assert golden.replay(pushing_contract, network, back, "f") == 0.0
    assert back.ticks[5].object_position == (0.5, 0.05, 0.03)
    assert back.ticks[5].observation[-6:] == pytest.approx([1.0, 0.08, 0.06, 1.0, 0.1, 0.06])


@pytest.mark.parametrize("values", [(), (0.5,), (0.5, 0.0, 0.03, 0.0), (0.5, 0.05, 0.04)])
def test_an_object_elsewhere_or_nowhere_is_found(
    pushing_contract: Contract, pushing_trace: GoldenTrace, values: tuple[float, ...]
) -> None:
    changed = tampered(pushing_trace, 5, "object_position", list(values))
    with pytest.raises(ContractError, match=r"tick 5: (object_position has|observation)"):
        golden.replay(pushing_contract, network, changed, "f")


def test_an_object_that_nobody_measured_is_found(
    pushing_contract: Contract, pushing_trace: GoldenTrace, readings: Readings
) -> None:
    unseen = replace(pushing_trace.ticks[5], object_position=None)
    trace = GoldenTrace((*pushing_trace.ticks[:5], unseen, *pushing_trace.ticks[6:]))
    with pytest.raises(ContractError, match="tick 5: object_position has 0 values, not 3"):
        golden.replay(pushing_contract, network, trace, "f")
    with pytest.raises(ContractError, match="nobody measures where the object is"):
        golden.record(pushing_contract, network, readings(pushing_contract, 1))


def tampered(trace: GoldenTrace, index: int, field: str, values: list[float]) -> GoldenTrace:
    ticks = list(trace.ticks)
    ticks[index] = replace(ticks[index], **{field: tuple(values)})
    return GoldenTrace(tuple(ticks))
