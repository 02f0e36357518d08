"""The trot: its inverse kinematics against forward geometry, its timing, its symmetries."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.gait import TrotGenerator
from contract.record import Contract, Gait
from contract.state import Array

FR, FL, RR, RL = range(4)
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # frozen records only


@pytest.fixture
def gait(legged_contract: Contract) -> Gait:
    assert legged_contract.action.gait
    return legged_contract.action.gait


@pytest.fixture
def trot(legged_contract: Contract, gait: Gait) -> TrotGenerator:
    return TrotGenerator(gait, np.array([joint.default_position for joint in legged_contract.joints]))


def feet(gait: Gait, joints: Array) -> Array:
    """Feet (legs, 3) m, each relative to its hip, by walking down the leg's links.

    Positive abduction turns about x; positive thigh and knee about y, so that a link pointing
    down swings backwards.
    """
    points = []
    for leg in gait.legs:
        abduction, thigh, knee = joints[list(leg.joints)]
        x = -leg.thigh * math.sin(thigh) - leg.shank * math.sin(thigh + knee)
        down = -leg.thigh * math.cos(thigh) - leg.shank * math.cos(thigh + knee)
        c, s = math.cos(abduction), math.sin(abduction)
        points.append((x, c * leg.lateral_offset - s * down, s * leg.lateral_offset + c * down))
    return np.array(points)


def walk(trot: TrotGenerator, gait: Gait, velocity: tuple[float, float, float], time: float) -> Array:
    return feet(gait, trot.joint_position(time, np.array(velocity)))


def test_standing_puts_every_foot_below_its_hip(trot: TrotGenerator, gait: Gait) -> None:
    for time in (0.0, 0.1, 0.33):
        found = walk(trot, gait, (0.0, 0.0, 0.0), time)
        np.testing.assert_allclose(found[:, 0], gait.foot_x_offset, atol=1e-9)
        np.testing.assert_allclose(found[:, 1], [leg.lateral_offset for leg in gait.legs], atol=1e-9)
        np.testing.assert_allclose(found[:, 2], -gait.body_height, atol=1e-9)


@pytest.mark.parametrize("velocity", [(0.5, 0.0, 0.0), (0.0, 0.3, 0.0), (0.0, 0.0, 0.8), (0.4, -0.2, 0.5)])
def test_feet_on_the_ground_stand_still_in_the_world(
    trot: TrotGenerator, gait: Gait, velocity: tuple[float, float, float]
) -> None:
    """In the body frame a planted foot moves with minus the body's own velocity at that point."""
    delta = 1e-4
    hips = np.array([leg.hip for leg in gait.legs])
    nominal = hips[:, :2] + walk(trot, gait, (0.0, 0.0, 0.0), 0.0)[:, :2]
    vx, vy, yaw = velocity
    expected = -np.stack([vx - yaw * nominal[:, 1], vy + yaw * nominal[:, 0]], axis=1)
    for time in np.linspace(0.011, 0.489, 12):
        before, after = (walk(trot, gait, velocity, t) for t in (time - delta, time + delta))
        on_ground = np.isclose(before[:, 2], -gait.body_height) & np.isclose(after[:, 2], -gait.body_height)
        assert on_ground.sum() == 2
        speed = (after - before)[:, :2] / (2 * delta)
        np.testing.assert_allclose(speed[on_ground], expected[on_ground], atol=1e-6)


def test_joints_that_turn_the_other_way_or_are_zero_elsewhere(
    legged_contract: Contract, gait: Gait, trot: TrotGenerator
) -> None:
    rng = np.random.default_rng(0)
    legs, expected = [], trot.joint_position(0.13, np.array([0.4, -0.2, 0.5]))
    for leg in gait.legs:
        sign, zero = rng.choice([-1.0, 1.0], 3), rng.uniform(-1.0, 1.0, 3)
        legs.append(replace(leg, sign=tuple(sign), zero=tuple(zero)))
        expected[list(leg.joints)] = sign * expected[list(leg.joints)] + zero
    default = np.array([joint.default_position for joint in legged_contract.joints])
    other = TrotGenerator(replace(gait, legs=tuple(legs)), default)
    found = other.joint_position(0.13, np.array([0.4, -0.2, 0.5]))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_diagonal_legs_swing_together_and_no_foot_digs(trot: TrotGenerator, gait: Gait) -> None:
    heights = np.array([walk(trot, gait, (0.5, 0.0, 0.0), t)[:, 2] for t in np.linspace(0, 0.5, 101)])
    np.testing.assert_allclose(heights[:, FR], heights[:, RL], atol=1e-9)
    np.testing.assert_allclose(heights[:, FL], heights[:, RR], atol=1e-9)
    assert heights.min() == pytest.approx(-gait.body_height)
    assert heights.max() == pytest.approx(-gait.body_height + gait.swing_height, abs=1e-3)


@shared
@given(time=st.floats(0.0, 5.0), vx=st.floats(-1.0, 1.0), vy=st.floats(-0.4, 0.4), yaw=st.floats(-1.0, 1.0))
def test_mirrored_command_half_a_stride_later(
    trot: TrotGenerator, gait: Gait, time: float, vx: float, vy: float, yaw: float
) -> None:
    """Left and right swap when the command is mirrored and the stride is shifted by a half."""
    left = walk(trot, gait, (vx, vy, yaw), time)
    right = walk(trot, gait, (vx, -vy, -yaw), time + 0.5 / gait.frequency)
    np.testing.assert_allclose(left[[FR, RR]], right[[FL, RL]] * [1.0, -1.0, 1.0], atol=1e-6)


@shared
@given(time=st.floats(0.0, 100.0))
def test_phase_stays_in_its_range(trot: TrotGenerator, time: float) -> None:
    assert 0.0 <= trot.phase(time) < 1.0


def test_out_of_reach_stays_finite(trot: TrotGenerator) -> None:
    assert np.isfinite(trot.joint_position(0.1, np.array([50.0, 50.0, 50.0]))).all()


def test_joints_of_no_leg_keep_their_default(gait: Gait) -> None:
    default = np.array([*[0.0, 0.9, -1.8] * 4, 0.77])
    assert TrotGenerator(gait, default).joint_position(0.2, np.array([1.0, 0.0, 0.0]))[12] == 0.77
    assert default[1] == 0.9
