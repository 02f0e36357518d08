"""Whatever goes in, what comes out is finite and within the limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contract.record import Contract
from contract.state import Array, RobotState
from robot_bridge.safety import SafetyFilter, SensorSample

anything = arrays(np.float64, 7, elements=st.floats(allow_nan=True, allow_infinity=True, width=64))


def limits(contract: Contract) -> tuple[Array, Array, Array]:
    joints = contract.joints
    step = np.array([j.max_velocity for j in joints]) * contract.control_period
    return np.array([j.lower for j in joints]), np.array([j.upper for j in joints]), step


def sample(position: Array, received: float = 0.0, **changes: Array) -> SensorSample:
    n = len(position)
    state = replace(RobotState(position, np.zeros(n), np.zeros(n)), **changes)
    return SensorSample(state, 1, 1, received)


@given(st.lists(st.tuples(anything, anything), min_size=1, max_size=6))
def test_output_is_always_allowed(iiwa_contract: Contract, inputs: list[tuple[Array, Array]]) -> None:
    lower, upper, step = limits(iiwa_contract)
    safety = SafetyFilter(iiwa_contract)
    last = np.zeros(7)
    safety.begin(last)
    last = np.clip(last, lower, upper)
    for set_point, measured in inputs:
        out = safety.limit(set_point, measured)
        assert np.isfinite(out).all()
        assert (lower <= out).all()
        assert (out <= upper).all()
        known = np.clip(np.where(np.isfinite(measured), measured, last), lower, upper)
        assert (out <= np.maximum(last, known) + step + 1e-12).all()
        assert (out >= np.minimum(last, known) - step - 1e-12).all()
        last = out


@given(arrays(np.float64, 7, elements=st.floats(-1, 1)))
def test_small_moves_pass_untouched(iiwa_contract: Contract, direction: Array) -> None:
    _, _, step = limits(iiwa_contract)
    safety = SafetyFilter(iiwa_contract)
    safety.begin(np.zeros(7))
    wanted = 0.9 * step * direction
    assert np.array_equal(safety.limit(wanted, np.zeros(7)), wanted)
    assert not any(safety.counts.values())


def test_causes_are_counted(iiwa_contract: Contract) -> None:
    safety = SafetyFilter(iiwa_contract)
    safety.begin(np.zeros(7))
    assert safety.limit(np.full(7, np.nan), np.zeros(7)).tolist() == [0.0] * 7
    safety.limit(np.full(7, 100.0), np.zeros(7))
    assert safety.counts["non_finite_set_point"] == 1
    assert safety.counts["position_limit"] == 1
    assert safety.counts["rate_limit"] == 1


def test_faults(iiwa_contract: Contract) -> None:
    safety, timeout = SafetyFilter(iiwa_contract), iiwa_contract.safety.sensor_timeout
    assert safety.fault(None, 0.0) == "no_sensors"
    assert safety.fault(sample(np.zeros(7)), 0.9 * timeout) is None
    assert safety.fault(sample(np.zeros(7)), 1.1 * timeout) == "stale_sensors"
    assert safety.fault(sample(np.full(7, np.inf)), 0.0) == "non_finite_sensors"
    assert safety.fault(sample(np.zeros(7)), float("nan")) == "stale_sensors"


def test_every_sensor_has_to_be_fresh_and_none_from_the_future(iiwa_contract: Contract) -> None:
    safety, timeout = SafetyFilter(iiwa_contract), iiwa_contract.safety.sensor_timeout
    fresh = sample(np.zeros(7), 10.0)
    assert safety.fault(fresh, 10.0) is None
    assert safety.fault(fresh, 9.99) == "stale_sensors"  # the clock was turned back
    for imu in (10.0 + 0.5 * timeout, 10.0 - 1.1 * timeout):
        assert safety.fault(replace(fresh, imu_received=imu), 10.0) == "stale_sensors"


def test_emergency_stop_is_latched(iiwa_contract: Contract) -> None:
    safety = SafetyFilter(iiwa_contract)
    safety.emergency_stop()
    for _ in range(3):
        assert safety.fault(sample(np.zeros(7)), 0.0) == "emergency_stop"
    safety.reset_emergency_stop()
    assert safety.fault(sample(np.zeros(7)), 0.0) is None


def test_tilt_latches_until_reset(a1_contract: Contract) -> None:
    limit = a1_contract.safety.tilt_limit
    assert limit is not None

    def leaning(angle: float) -> SensorSample:
        return sample(np.zeros(12), orientation=np.array([np.sin(angle / 2), 0, 0, np.cos(angle / 2)]))

    safety = SafetyFilter(a1_contract)
    assert safety.fault(leaning(0.95 * limit), 0.0) is None
    assert safety.fault(leaning(1.05 * limit), 0.0) == "tilt"
    assert safety.fault(leaning(0.0), 0.0) == "tilt"
    safety.reset_emergency_stop()
    assert safety.fault(leaning(0.0), 0.0) is None


@pytest.mark.parametrize("measured", [np.full(7, 50.0), np.full(7, -50.0)])
def test_begin_outside_the_limits_starts_at_the_limit(iiwa_contract: Contract, measured: Array) -> None:
    lower, upper, _ = limits(iiwa_contract)
    safety = SafetyFilter(iiwa_contract)
    safety.begin(measured)
    assert np.array_equal(safety.limit(measured, measured), np.clip(measured, lower, upper))
