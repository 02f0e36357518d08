"""The policy core is silent, holds, ramps and runs when it should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from contract.record import Contract
from contract.state import Array, RobotState
from policies.runtime import Policy
from robot_bridge.exploration import Exploration
from robot_bridge.policy_core import PolicyCore
from robot_bridge.safety import SensorSample
from robot_bridge.tick import Mode, Tick

PERIOD = 0.05
POSE = np.array([0.1, 0.4, -0.1, -1.3, 0.2, 1.0, 0.0])
TARGET = np.array([0.5, 0.0, 0.5])


@pytest.fixture(scope="module")
def policy(iiwa_policy: Path) -> Policy:
    return Policy(iiwa_policy)


class Broken(Policy):
    """A real policy whose network, once `broken`, is fed NaN, and so returns it."""

    broken = False

    def __call__(self, observation: NDArray[np.float32]) -> Array:
        return super().__call__(observation * np.float32(np.nan) if self.broken else observation)


def seen(position: Array, now: float, velocity: Array | None = None) -> SensorSample:
    state = RobotState(position, np.zeros(7) if velocity is None else velocity, np.zeros(7))
    return SensorSample(state, round(now * 1e9), 0, now)


def activated(policy: Policy, exploration: Exploration | None = None) -> PolicyCore:
    core = PolicyCore(policy, exploration)
    core.command.set(TARGET, 0.0)
    core.activate()
    return core


def run(core: PolicyCore, ticks: range, position: Array = POSE) -> list:
    return [core.tick(k, k * PERIOD, seen(position, k * PERIOD)) for k in ticks]


def test_silent_until_activated(policy: Policy) -> None:
    core = PolicyCore(policy)
    core.command.set(TARGET, 0.0)
    assert run(core, range(3)) == [None] * 3
    assert core.deactivate() == []


def test_silent_while_nothing_was_ever_measured(policy: Policy) -> None:
    core = activated(policy)
    assert core.tick(0, 0.0, None) is None
    assert core.tick(1, 0.05, seen(np.full(7, np.nan), 0.05)) is None


def test_holds_until_the_first_target(policy: Policy) -> None:
    core = PolicyCore(policy)
    core.activate()
    for tick in run(core, range(3)):
        assert tick.mode is Mode.HOLDING
        assert np.array_equal(tick.set_point, POSE)
    assert core.hold_cause == "no_command"
    core.command.set(TARGET, 0.15)
    assert run(core, range(3, 4))[0].mode is Mode.RAMPING


def test_ramps_from_the_measured_pose_to_the_policy(policy: Policy) -> None:
    ramp_in = policy.contract.safety.ramp_in
    ticks = run(activated(policy), range(30))
    assert np.array_equal(ticks[0].set_point, POSE)
    for k, tick in enumerate(ticks):
        share = min(1.0, k * PERIOD / ramp_in)
        assert tick.session_tick == k
        assert tick.mode is (Mode.RUNNING if share >= 1 else Mode.RAMPING)
        np.testing.assert_allclose(tick.set_point, POSE + share * tick.action, atol=1e-12)
    assert np.abs(ticks[-1].action).max() > 0.01


def test_runs_exactly_what_the_network_says(policy: Policy) -> None:
    tick = run(activated(policy), range(30))[-1]
    np.testing.assert_allclose(policy(tick.observation), tick.action, atol=1e-7)
    session = policy.session()
    assert np.array_equal(session.observe(seen(POSE, 0).state, TARGET), tick.observation)


def test_stale_sensors_latch_a_hold_and_fresh_ones_ramp_in_again(policy: Policy) -> None:
    core = activated(policy)
    run(core, range(30))
    stale = seen(POSE + 0.01, 1.5)
    ticks = [core.tick(k, k * PERIOD, stale) for k in range(30, 40)]
    timeout = round(policy.contract.safety.sensor_timeout / PERIOD)
    assert [tick.mode for tick in ticks[:timeout]] == [Mode.RUNNING] * timeout
    held = ticks[timeout + 1 :]
    assert {tick.mode for tick in held} == {Mode.HOLDING}
    assert all(np.allclose(tick.set_point, POSE + 0.01) for tick in held)
    assert all(tick.session_tick == -1 and np.isnan(tick.action).all() for tick in held)
    assert core.hold_cause == "stale_sensors"
    again = core.tick(40, 2.0, seen(POSE, 2.0))
    assert again is not None
    assert (again.mode, again.session_tick) == (Mode.RAMPING, 0)
    assert np.array_equal(again.set_point, POSE)


def test_non_finite_sensors_hold_the_last_finite_pose(policy: Policy) -> None:
    core = activated(policy)
    run(core, range(30))
    broken = POSE.copy()
    broken[2] = np.nan
    tick = core.tick(30, 1.5, seen(broken, 1.5))
    assert tick is not None
    assert tick.mode is Mode.HOLDING
    assert np.array_equal(tick.set_point, POSE)


def test_a_network_that_returns_nan_holds_one_pose_until_reset(
    policy_for: Callable[[Contract], Path], iiwa_contract: Contract
) -> None:
    policy = Broken(policy_for(iiwa_contract))
    core = activated(policy)
    run(core, range(30))
    policy.broken = True
    sagging = [core.tick(k, k * PERIOD, seen(POSE + 0.01 * (k - 30), k * PERIOD)) for k in range(30, 40)]
    assert {tick.mode for tick in sagging} == {Mode.HOLDING}
    assert all(np.array_equal(tick.set_point, sagging[0].set_point) for tick in sagging)
    assert core.hold_cause == core.safety.stopped == "non_finite_action"
    assert core.safety.counts["non_finite_action"] == 10
    policy.broken = False
    assert run(core, range(40, 41))[0].mode is Mode.HOLDING
    core.safety.reset_emergency_stop()
    assert run(core, range(41, 42))[0].mode is Mode.RAMPING


def test_emergency_stop_holds_where_it_was(policy: Policy) -> None:
    core = activated(policy)
    run(core, range(30))
    core.safety.emergency_stop()
    first = run(core, range(30, 31))[0]
    later = run(core, range(31, 33), POSE + 0.1)
    assert all(np.array_equal(tick.set_point, first.set_point) for tick in later)
    core.safety.reset_emergency_stop()
    assert run(core, range(33, 34))[0].mode is Mode.RAMPING


def test_a_caller_can_block(policy: Policy) -> None:
    core = activated(policy)
    core.blocked = "no_controller"
    assert run(core, range(1))[0].mode is Mode.HOLDING
    core.blocked = None
    assert run(core, range(1, 2))[0].mode is Mode.RAMPING


def test_deactivation_returns_the_pose_to_hold(policy: Policy) -> None:
    core = activated(policy)
    run(core, range(30))
    assert np.array_equal(core.deactivate(), [POSE])
    assert core.tick(31, 1.55, seen(POSE, 1.55)) is None


def test_exploration_is_within_range_and_remembered(policy: Policy) -> None:
    scale = np.array(policy.contract.action.scale)
    core = activated(policy, Exploration(scale, 0.5, 0.0, np.random.default_rng(0)))
    ticks = run(core, range(200))
    running = [tick for tick in ticks if tick.mode is Mode.RUNNING]
    noise = np.array([tick.action - policy(tick.observation) for tick in running]) / scale
    assert 0.4 < noise.std() < 0.5  # clipping to the range takes a little
    assert all((np.abs(tick.action) <= scale).all() for tick in running)
    assert all(np.allclose(tick.set_point, POSE + tick.action) for tick in running)
    ramping = [tick for tick in ticks if tick.mode is Mode.RAMPING]
    assert all(np.allclose(tick.action, policy(tick.observation)) for tick in ramping)


def test_random_fraction_counts_segments(policy: Policy) -> None:
    scale = np.array(policy.contract.action.scale)
    core = activated(policy, Exploration(scale, 0.0, 0.5, np.random.default_rng(0)))
    run(core, range(25))
    random_segments = 0
    for segment in range(60):
        core.command.set(TARGET + 0.001 * segment, 0.0)
        ticks = run(core, range(25 + 4 * segment, 29 + 4 * segment))
        follows = {np.allclose(tick.action, policy(tick.observation), atol=1e-6) for tick in ticks}
        assert len(follows) == 1  # a segment is random as a whole, or not at all
        random_segments += follows == {False}
    assert 20 <= random_segments <= 40


anything = arrays(np.float64, 7, elements=st.floats(width=64))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(anything, anything, st.floats(0, 0.5)), min_size=1, max_size=8))
def test_set_points_are_finite_and_within_limits(
    policy: Policy, readings: list[tuple[Array, Array, float]]
) -> None:
    lower = np.array([joint.lower for joint in policy.contract.joints])
    upper = np.array([joint.upper for joint in policy.contract.joints])
    core, now = activated(policy), 0.0
    for k, (position, velocity, pause) in enumerate(readings):
        now += pause
        tick = core.tick(k, now, seen(position, now, velocity))
        if tick is not None:
            assert np.isfinite(tick.set_point).all()
            assert ((lower <= tick.set_point) & (tick.set_point <= upper)).all()


def test_a_loop_that_stood_still_begins_anew(policy: Policy) -> None:
    """The sensors are fresh again, but the robot has gone on alone."""
    core = activated(policy)
    assert run(core, range(25))[-1].mode is Mode.RUNNING
    late = run(core, range(30, 32))
    assert (late[0].mode, late[1].mode, late[1].session_tick) == (Mode.HOLDING, Mode.RAMPING, 0)
    assert core.safety.counts["missed_deadlines"] == 1


def test_readings_that_come_late_hold(policy: Policy) -> None:
    """They keep coming with new stamps, and are of a robot of 0.3 s ago."""
    core = activated(policy)
    assert run(core, range(25))[-1].mode is Mode.RUNNING
    state = RobotState(POSE, np.zeros(7), np.zeros(7))
    for k in range(25, 35):
        now = k * PERIOD
        tick = core.tick(k, now, SensorSample(state, round((now - 0.3) * 1e9), 0, now))
        assert tick is not None
        assert tick.mode is Mode.HOLDING
    assert core.hold_cause == "late_sensors"
    assert run(core, range(35, 36))[0].mode is Mode.RAMPING


def test_a_robot_that_can_fall_stops_on_all_its_legs(a1_policy: Path) -> None:
    """It goes to its default pose at once where it was walking, and stays where it is otherwise."""
    policy = Policy(a1_policy)
    contract = policy.contract
    default = np.array([joint.default_position for joint in contract.joints])
    pose, still, upright = default + 0.1, np.zeros(12), np.array([0.0, 0.0, 0.0, 1.0])
    period = contract.control_period

    def tick(core: PolicyCore, k: int, now: float, orientation: Array = upright) -> Tick:
        state, stamp = RobotState(pose, still, still, orientation), round(now * 1e9)
        made = core.tick(k, k * period, SensorSample(state, stamp, stamp, now, now))
        assert made is not None
        return made

    core = PolicyCore(policy)
    core.activate()
    core.blocked = "no_controller"
    assert np.array_equal(tick(core, 0, 0.0).set_point, pose)  # it has not walked yet
    core.blocked = None
    for k in range(1, 60):
        assert tick(core, k, k * period).mode is not Mode.HOLDING
    stopped = [tick(core, k, 59 * period) for k in range(60, 90)]  # the sensors are silent
    first = next(i for i, made in enumerate(stopped) if made.mode is Mode.HOLDING)
    last, held = stopped[first - 1].set_point, stopped[first:]
    assert len(held) > 20
    assert np.abs(held[0].set_point - last).max() < 1e-9
    np.testing.assert_allclose(held[-1].set_point, default)
    steps = np.diff([made.set_point for made in held], axis=0)
    assert (np.abs(steps).sum(axis=0) <= np.abs(default - last) + 1e-9).all()  # straight there
    assert (np.abs(steps[10:]) < 1e-12).all()

    core = PolicyCore(policy)
    core.activate()
    for k in range(60):
        tick(core, k, k * period)
    way = core.deactivate()
    assert len(way) == 8  # 0.15 s
    np.testing.assert_allclose(way[-1], default)
    core.activate()
    for k in range(60):
        tick(core, k, k * period)
    lying = tick(core, 60, 60 * period, np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2.0))
    assert core.hold_cause == "tilt"
    np.testing.assert_allclose(lying.set_point, pose)
