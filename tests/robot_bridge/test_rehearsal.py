"""A rehearsal does what a tick does, and leaves the one that counts as it would have been."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.state import RobotState
from policies.runtime import Policy
from robot_bridge.actuation import Actuation
from robot_bridge.policy_core import PolicyCore
from robot_bridge.rehearsal import SHARE, Rehearsal
from robot_bridge.safety import SensorSample
from robot_bridge.tick import Mode, encode

PERIOD = 0.05  # s
TARGET = np.array([0.5, 0.0, 0.5])


@pytest.fixture(scope="module")
def policy(iiwa_policy: Path) -> Policy:
    return Policy(iiwa_policy)


def activated(policy: Policy) -> PolicyCore:
    core = PolicyCore(policy)
    core.command.set(TARGET, 0.0)
    core.activate()
    return core


def rehearsal(core: PolicyCore, policy: Policy, polls: bool = True) -> Rehearsal:
    actuation = Actuation(policy.contract, "forward_position")
    return Rehearsal(core, policy.contract, actuation, polls)


def readings(ticks: int) -> list[SensorSample]:
    rng = np.random.default_rng(0)
    poses = np.cumsum(rng.normal(0.0, 0.01, (ticks, 7)), axis=0)
    return [
        SensorSample(RobotState(pose, rng.normal(0, 0.1, 7), np.zeros(7)), k * 50_000_000, 0, k * PERIOD)
        for k, pose in enumerate(poses)
    ]


def test_what_is_rehearsed_changes_nothing(policy: Policy) -> None:
    plain, rehearsed = activated(Policy(policy.path)), activated(policy)
    before = rehearsal(rehearsed, policy)
    modes = set()
    for k, sample in enumerate(readings(60)):
        told = before.run(k, k * PERIOD, sample)
        assert told is not None
        modes.add(told.mode)
        expected, got = (core.tick(k, k * PERIOD, sample) for core in (plain, rehearsed))
        assert expected is not None
        assert got is not None
        assert np.array_equal(encode(got)[1], encode(expected)[1], equal_nan=True)
        assert rehearsed.safety.counts == plain.safety.counts
    assert modes >= {Mode.RAMPING, Mode.RUNNING}


def test_it_is_never_stopped_for_good(policy: Policy) -> None:
    """Nobody resets it."""
    core = activated(policy)
    before = rehearsal(core, policy)
    samples = readings(61)
    broken = np.full(7, np.nan)
    before.run(0, 0.0, SensorSample(RobotState(broken, broken, broken), 0, 0, 0.0))
    assert before.run(0, 0.0, None) is None
    for k, sample in enumerate(samples[1:], 1):
        tick = before.run(k, k * PERIOD, sample)
    assert tick is not None
    assert tick.mode is Mode.RUNNING


durations = st.lists(st.floats(1e-5, 0.1), max_size=300)


@given(until=st.floats(-0.01, 0.1), took=durations)
def test_it_comes_once_and_early_enough(policy: Policy, until: float, took: list[float]) -> None:
    before = rehearsal(activated(policy), policy)
    for seconds in took:
        before.note(seconds)
    lead = before.lead
    assert lead <= SHARE * PERIOD
    # twice as early as the last one would have asked for, if the period has room for that
    assert lead >= min(2.0 * (took or [0.0])[-1], SHARE * PERIOD)
    assert before.is_due(5, until) == (lead / 2.0 < until <= lead)
    assert before.sleep(until) == pytest.approx(max(0.0, until - lead))
    before.run(5, 0.0, None)
    assert not before.is_due(5, until)


def test_it_forgets_a_slow_one(policy: Policy) -> None:
    before = rehearsal(activated(policy), policy)
    before.note(1.0)
    assert before.lead == SHARE * PERIOD
    for _ in range(500):
        before.note(1e-4)
    assert before.lead == pytest.approx(2e-4)


@given(until=st.floats(-0.01, 0.1))
def test_who_comes_before_all_others_sleeps(policy: Policy, until: float) -> None:
    before = rehearsal(activated(policy), policy, polls=False)
    assert before.sleep(until) == (pytest.approx(until - before.lead) if until > before.lead else math.inf)
