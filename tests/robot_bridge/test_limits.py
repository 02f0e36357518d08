"""A deployment may be more careful than its contract, and less careful only if somebody says so."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import TerrafirmaError
from contract.record import Contract
from robot_bridge.limits import SCALES, Limits

share = st.floats(0.01, 1.0)


def test_nothing_asked_for_changes_nothing(iiwa_contract: Contract, a1_contract: Contract) -> None:
    for contract in (iiwa_contract, a1_contract):
        assert Limits().apply(contract) == contract


@given(st.floats(0.0, 0.3), share, share, share, st.floats(0.1, 0.8), st.floats(0.01, 0.06))
def test_tighter_limits_are_within_the_contracts(
    a1_contract: Contract,
    margin: float,
    velocity: float,
    effort: float,
    command: float,
    tilt: float,
    age: float,
) -> None:
    tight = Limits(margin, velocity, effort, command, tilt, age).apply(a1_contract)
    for ours, theirs in zip(tight.joints, a1_contract.joints, strict=True):
        assert theirs.lower <= ours.lower <= ours.default_position <= ours.upper <= theirs.upper
        assert ours.max_velocity <= theirs.max_velocity
        assert ours.max_effort <= theirs.max_effort
    for low, neutral, high, lowest, highest in zip(
        tight.command.low, tight.command.neutral, tight.command.high, a1_contract.command.low,
        a1_contract.command.high, strict=True,
    ):  # fmt: skip
        assert lowest <= low <= neutral <= high <= highest
    assert tight.safety.tilt_limit == tilt
    assert tight.safety.sensor_timeout == age


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        *[({name: 1.1}, rf"limits\.{name}: 1\.1 is not within \(0, 1\]") for name in SCALES],
        *[({name: 0.0}, rf"limits\.{name}: 0 is not within") for name in SCALES],
        ({"velocity_scale": math.nan}, r"limits\.velocity_scale: nan"),
        ({"position_margin": -0.1}, r"limits\.position_margin: -0\.1 is not within \[0, inf\]"),
        ({"position_margin": 3.0}, r"leaves FR_hip_joint .* without its default pose"),
        ({"tilt_limit": 2.0}, r"limits\.tilt_limit: 2 is not within \[0, 0\.8\].*limits\.unlocked:=true"),
        ({"sensor_timeout": 1.0}, r"limits\.sensor_timeout: 1 is not within"),
    ],
)
def test_wider_or_impossible_limits_are_refused(
    a1_contract: Contract, limits: dict[str, float], message: str
) -> None:
    with pytest.raises(TerrafirmaError, match=message):
        Limits(**limits).apply(a1_contract)


def test_an_arm_has_no_tilt_to_limit(iiwa_contract: Contract) -> None:
    with pytest.raises(TerrafirmaError, match=r"limits\.tilt_limit: the contract has none"):
        Limits(tilt_limit=0.5).apply(iiwa_contract)


def test_unlocked_limits_may_be_wider(a1_contract: Contract) -> None:
    wide = Limits(-0.1, 2.0, tilt_limit=1.2, sensor_timeout=0.2, unlocked=True).apply(a1_contract)
    assert wide.joints[0].upper == a1_contract.joints[0].upper + 0.1
    assert wide.joints[0].max_velocity == 2.0 * a1_contract.joints[0].max_velocity
    assert wide.safety.tilt_limit == 1.2
