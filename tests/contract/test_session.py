"""Observation assembly and action application, stated as properties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.errors import ContractError
from contract.gait import TrotGenerator
from contract.kinematics import ForwardKinematics
from contract.record import Action, Contract, ObservationTerm
from contract.session import PolicySession
from contract.state import Array, JointCommand, RobotState

Readings = Callable[..., list[tuple[RobotState, Array]]]
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def state(position: float, velocity: float = 0.0) -> RobotState:
    return RobotState(np.full(3, position), np.full(3, velocity), np.zeros(3))


def seeing(contract: Contract, *terms: ObservationTerm) -> PolicySession:
    return PolicySession(replace(contract, observation=terms))


def test_terms_follow_the_contract(arm_contract: Contract) -> None:
    """Every block is written out here a second time, by hand."""
    assert arm_contract.kinematics
    reading = RobotState(np.array([0.3, -0.2, 0.5]), np.array([0.4, -3.0, 9.0]), np.zeros(3))
    target = np.array([0.5, -0.1, 0.6])
    session = PolicySession(arm_contract)
    session.observe(state(0.0), target)
    session.act(np.array([0.05, -0.05, 0.02]))
    found = session.observe(reading, target)
    default = np.array([0.0, 0.1, 0.2])
    tool = ForwardKinematics(arm_contract.kinematics).tool_position(reading.joint_position)
    expected = [
        *(0.0 - default),
        *(reading.joint_position - default),
        *(0.2, -1.5, 2.0),
        *((target - tool - 0.1) * 2.0),
        *(0.05, -0.05, 0.02),
    ]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


@shared
@given(history=st.integers(1, 6), values=st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=12))
def test_history_is_oldest_first_and_filled_by_the_first_reading(
    arm_contract: Contract, history: int, values: list[float]
) -> None:
    session = seeing(arm_contract, ObservationTerm("joint_velocity", 3, "rad/s", "joint", history=history))
    target = np.zeros(3)
    for value in values:
        found = session.observe(state(0.0, value), target)
        session.act(np.zeros(3))
    padded = [values[0]] * history + values
    expected = np.repeat(padded[-history:], 3).astype(np.float32)
    np.testing.assert_array_equal(found, expected)


def test_reset_forgets(arm_contract: Contract, readings: Readings) -> None:
    """A session that was used and reset behaves as a new one."""
    used, new = PolicySession(arm_contract), PolicySession(arm_contract)
    for reading, target in readings(arm_contract, 5, seed=3):
        used.observe(reading, target)
        used.act(np.full(3, 0.1))
    used.reset()
    for reading, target in readings(arm_contract, 5, seed=4):
        np.testing.assert_array_equal(used.observe(reading, target), new.observe(reading, target))
        np.testing.assert_array_equal(used.act(np.full(3, 0.05)).position, new.act(np.full(3, 0.05)).position)


def test_reset_restarts_the_stride(legged_contract: Contract, readings: Readings) -> None:
    session = PolicySession(legged_contract)
    (reading, target), *_ = readings(legged_contract, 1)
    first = session.observe(reading, target).copy()
    session.act(np.zeros(12))
    assert not np.array_equal(session.observe(reading, target), first)
    session.reset()
    np.testing.assert_array_equal(session.observe(reading, target), first)


def test_two_sessions_share_nothing(arm_contract: Contract, readings: Readings) -> None:
    one, other = PolicySession(arm_contract), PolicySession(arm_contract)
    (first, target), (second, _) = readings(arm_contract, 2)
    kept = one.observe(first, target)
    before = kept.copy()
    other.observe(second, target)
    other.act(np.full(3, 0.1))
    np.testing.assert_array_equal(kept, before)


@shared
@given(
    kind=st.sampled_from(["position_offset", "position_step"]),
    position=st.floats(-4.0, 4.0),
    action=st.lists(st.floats(-10.0, 10.0), min_size=3, max_size=3).map(np.array),
)
def test_set_points_stay_within_scale_and_limits(
    arm_contract: Contract, kind: str, position: float, action: Array
) -> None:
    contract = replace(arm_contract, action=Action(kind, arm_contract.action.scale))  # type: ignore[arg-type]
    session = PolicySession(contract)
    session.observe(state(position), np.zeros(3))
    found = session.act(action.copy()).position
    assert (found >= -2.0).all()
    assert (found <= 2.0).all()
    base = np.full(3, position) if kind == "position_step" else np.array([0.0, 0.1, 0.2])
    scale = np.array(contract.action.scale)
    np.testing.assert_allclose(found, np.clip(base + np.clip(action, -scale, scale), -2.0, 2.0))


def test_the_previous_action_is_what_was_applied(arm_contract: Contract) -> None:
    session = seeing(arm_contract, ObservationTerm("previous_action", 3, "rad", "joint"))
    assert not session.observe(state(0.0), np.zeros(3)).any()
    session.act(np.array([0.05, -9.0, 9.0]))
    found = session.observe(state(0.0), np.zeros(3))
    np.testing.assert_allclose(found, [0.05, -0.2, 0.1], atol=1e-7)


def test_residuals_are_added_to_the_trot(legged_contract: Contract, readings: Readings) -> None:
    assert legged_contract.action.gait
    default = np.array([joint.default_position for joint in legged_contract.joints])
    trot = TrotGenerator(legged_contract.action.gait, default)
    session = PolicySession(legged_contract)
    residual = np.linspace(-0.2, 0.2, 12)
    for tick, (reading, _) in enumerate(readings(legged_contract, 40)):
        velocity = np.array([0.5, 0.1, -0.3])
        session.observe(reading, velocity)
        expected = trot.joint_position(tick / 50.0, velocity) + residual
        np.testing.assert_allclose(session.act(residual).position, np.clip(expected, -2.7, 2.7), atol=1e-9)


@pytest.mark.parametrize("shape", [(1,), (2,), (1, 3), ()])
def test_an_action_of_another_shape_is_refused(arm_contract: Contract, shape: tuple[int, ...]) -> None:
    """Also where numpy would broadcast it over the joints."""
    session = PolicySession(arm_contract)
    session.observe(state(0.0), np.zeros(3))
    with pytest.raises(ContractError, match="one value a joint"):
        session.act(np.zeros(shape))


def test_privileged_terms_are_refused(arm_contract: Contract) -> None:
    with pytest.raises(ContractError, match="base_position is privileged"):
        seeing(arm_contract, ObservationTerm("base_position", 3, "m", "world"))


def test_a_copied_state_shares_no_memory(arm_contract: Contract, readings: Readings) -> None:
    ((reading, _),) = readings(arm_contract, 1)
    copy = reading.copy()
    for name in ("joint_position", "joint_velocity", "joint_effort", "orientation", "gyro", "accelerometer"):
        assert not np.shares_memory(getattr(reading, name), getattr(copy, name))
        np.testing.assert_array_equal(getattr(reading, name), getattr(copy, name))


@pytest.mark.parametrize("name", ["joint_position", "joint_velocity", "joint_effort", "orientation", "gyro"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_a_policy_may_read_must_be_finite(name: str, value: float) -> None:
    reading = state(0.0)
    assert reading.is_finite()
    getattr(reading, name)[1] = value
    assert not reading.is_finite()


def test_hold_keeps_its_own_copy() -> None:
    pose = np.array([0.1, 0.2])
    command = JointCommand.hold(pose)
    pose[:] = 9.0
    np.testing.assert_array_equal(command.position, [0.1, 0.2])
    assert not command.velocity.any()
    assert not command.effort.any()
