"""Faults of an emulated robot: what they are read from, and what they make of a reading."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import TerrafirmaError
from contract.rotation import tilt
from contract.state import RobotState
from robot_bridge.emulated_faults import KEYS, LISTS, Faults, FaultyMessages, parse_faults
from sim.domains.reader import load_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

IIWA = load_robot("iiwa")
JOINTS = tuple(joint.name for joint in IIWA.joints)


def reading(stamp: int, value: float = 0.5) -> RobotState:
    n = len(JOINTS)
    return RobotState(np.full(n, value), np.zeros(n), np.zeros(n), stamp=stamp)


def messages(text: str) -> FaultyMessages:
    made = FaultyMessages(JOINTS)
    made.faults = parse_faults(text, IIWA, "mujoco")
    return made


@pytest.mark.parametrize("text", ["", "{}", "null"])
def test_no_text_is_no_fault(text: str) -> None:
    assert parse_faults(text, IIWA, "mujoco") == Faults()
    state = reading(7)
    assert messages(text).reading("joint_states", state) == state


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[silent]", "expected a mapping"),
        ("{silnt: [imu]}", "unknown fault 'silnt'. Did you mean 'silent'"),
        ("{silent: imu}", r"silent: expected a list such as \[joint_states\], got 'imu'"),
        ("{silent: [imo]}", "unknown name in faults: silent 'imo'. Did you mean 'imu'"),
        ("{frozen: [clock]}", "unknown name in faults: frozen 'clock'"),
        ("{missing: [lbr_iiwa_joint_9]}", "Did you mean 'lbr_iiwa_joint_"),
        ("{turned: .nan}", "turned: expected a finite number"),
        ("{late: -1}", r"late: -1 s is not within \[0, 10\]"),
        ("{shuffled: 1}", "shuffled: expected true or false, got 1"),
        ("{parameters: {joint_strenght: 0}}", "Did you mean 'joint_strength'"),
        ("{parameters: {joint_strength: {lbr_iiwa_joint_9: 0}}}", "unknown joint of iiwa"),
        ("{parameters: {joint_sensor_latency: 0.1}}", "joint_sensor_latency cannot change while the robot"),
        ("{parameters: {start_position_offset: 0.1}}", "start_position_offset cannot change"),
        ("{a: [", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        ("x" * 200_000, "200000 characters"),
    ],
)
def test_what_is_no_fault_is_refused(text: str, message: str) -> None:
    with pytest.raises(TerrafirmaError, match=message):
        parse_faults(text, IIWA, "mujoco")


@given(st.text(max_size=60) | st.dictionaries(st.sampled_from(KEYS), st.integers() | st.text()).map(str))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with contextlib.suppress(TerrafirmaError):
        parse_faults(text, IIWA, "mujoco")


def test_frozen_is_old_and_stuck_looks_new() -> None:
    for fault, stamp in (("frozen", 1), ("stuck", 2)):
        made = messages(f"{{{fault}: [imu]}}")
        assert made.reading("imu", reading(1)).stamp == 1
        again = made.reading("imu", reading(2, 0.9))
        assert (again.stamp, again.joint_position[0]) == (stamp, 0.5)
        assert made.reading("joint_states", reading(2, 0.9)).joint_position[0] == 0.9
        made.faults = Faults()
        assert made.reading("imu", reading(3, 0.9)).joint_position[0] == 0.9


def test_the_others() -> None:
    names, index = messages("{missing: [lbr_iiwa_joint_2], shuffled: true}").joints()
    assert names == tuple(JOINTS[i] for i in index)
    assert set(JOINTS) - set(names) == {"lbr_iiwa_joint_2"}
    assert index == sorted(index, reverse=True)
    made = messages("{turned: 1.0, stamp_shift: -2.5, nan: [joint_states], silent: [clock]}")
    assert tilt(made.reading("imu", reading(0)).orientation) == pytest.approx(1.0)
    assert made.reading("imu", reading(10)).stamp == 10 - 2_500_000_000
    assert not made.reading("joint_states", reading(0)).is_finite()
    assert [made.sends(message) for message in LISTS["silent"]] == [True, True, True, False]


def test_a_joint_that_dies_sags_and_comes_back() -> None:
    robot = SimulatedRobot(load_robot("panda"), load_domain("nominal-mujoco"))
    try:
        robot.reset()
        at_rest = robot.sense().joint_position
        faults = parse_faults("{parameters: {joint_strength: {panda_joint4: 0}}}", robot.spec, "mujoco")
        robot.impair(faults.settings)
        robot.step(400)
        moved = np.abs(robot.sense().joint_position - at_rest)
        assert moved.argmax() == 3
        assert moved[3] > 0.3
        robot.impair(())
        robot.step(2000)
        assert np.abs(robot.sense().joint_position - at_rest).max() < 0.05
    finally:
        robot.close()
