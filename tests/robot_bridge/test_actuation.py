"""Every kind of controller brings the joints to the same place, and none is told more than it may do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import TerrafirmaError, UnknownNameError
from contract.record import Contract
from contract.state import Array, RobotState
from robot_bridge.actuation import DAMP, HOLD, ON_STOP, RELEASE, Actuation, check_interface
from robot_bridge.joint_commands import TOPICS, TYPES, pack, unpack
from sim.domains.reader import load_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

number = st.floats(-1e6, 1e6)
seven = st.lists(number, min_size=7, max_size=7).map(np.array)
KINDS = [(interface, on_stop) for interface, choices in ON_STOP.items() for on_stop in choices]


def still(position: Array) -> RobotState:
    return RobotState(position, np.zeros_like(position), np.zeros_like(position))


def test_every_interface_has_a_topic_and_a_type() -> None:
    assert set(ON_STOP) == set(TOPICS) == set(TYPES)


@pytest.mark.parametrize("engine", ["nominal", "nominal-mujoco"])
@pytest.mark.parametrize("interface", ON_STOP)
def test_a_joint_goes_the_same_way_with_every_controller(
    iiwa_contract: Contract, interface: str, engine: str
) -> None:
    """Told at every physics step, as drives that close the loop themselves compute."""
    spec = load_robot("iiwa")
    told, twin = (SimulatedRobot(spec, load_domain(engine), seed=0) for _ in range(2))
    actuation = Actuation(iiwa_contract, interface)
    for robot in (told, twin):
        robot.reset()
    set_point = told.sense().joint_position + 0.05
    twin.command(unpack("forward_position", set_point))
    furthest = 0.0
    for _ in range(400):
        command = actuation.command(set_point, told.sense(), stopped=False)
        told.command(unpack(interface, pack(interface, command)))
        for robot in (told, twin):
            robot.step(1)
        apart = np.abs(told.sense().joint_position - twin.sense().joint_position).max()
        furthest = max(furthest, float(apart))
    moved = np.abs(told.sense().joint_position - set_point + 0.05).max()
    assert moved > 0.03
    assert furthest < 0.002
    for robot in (told, twin):
        robot.close()


@given(seven, seven, seven, st.sampled_from(KINDS), st.booleans(), st.booleans())
def test_no_command_is_more_than_a_joint_may_do(
    iiwa_contract: Contract,
    set_point: Array,
    position: Array,
    velocity: Array,
    kind: tuple[str, str],
    known: bool,
    stopped: bool,
) -> None:
    joints = iiwa_contract.joints
    state = RobotState(position, velocity, np.zeros(7)) if known else None
    command = Actuation(iiwa_contract, *kind).command(set_point, state, stopped)
    assert command.is_finite()
    assert (np.abs(command.velocity) <= [joint.max_velocity for joint in joints]).all()
    assert (np.abs(command.effort) <= [joint.max_effort for joint in joints]).all()


@given(st.sampled_from(list(ON_STOP)), seven)
def test_what_is_packed_is_unpacked(iiwa_contract: Contract, interface: str, values: Array) -> None:
    command = Actuation(iiwa_contract, interface).command(values, still(np.zeros(7)), stopped=False)
    wire = pack(interface, command)
    np.testing.assert_array_equal(pack(interface, unpack(interface, wire)), wire)


def test_what_is_left_behind_when_nobody_follows(iiwa_contract: Contract) -> None:
    at = np.full(7, 0.3)
    for interface in ("forward_velocity", "forward_effort"):
        assert not pack(interface, Actuation(iiwa_contract, interface).rest(at)).any()
    kp = np.array([joint.kp for joint in iiwa_contract.joints])
    held = Actuation(iiwa_contract, "joint_pd", HOLD).rest(at)
    np.testing.assert_array_equal(held.kp, kp)
    np.testing.assert_array_equal(held.position, at)


def test_a_stop_damps_or_releases_where_that_was_asked_for(iiwa_contract: Contract) -> None:
    at, moving = np.full(7, 0.3), RobotState(np.zeros(7), np.ones(7), np.zeros(7))
    kd = np.array([joint.kd for joint in iiwa_contract.joints])
    damped = Actuation(iiwa_contract, "joint_pd", DAMP).command(at, moving, stopped=True)
    assert damped.kp is not None
    assert not damped.kp.any()
    np.testing.assert_array_equal(damped.kd, kd)
    released = Actuation(iiwa_contract, "joint_pd", RELEASE).command(at, moving, stopped=True)
    assert released.kp is not None
    assert released.kd is not None
    assert not released.kp.any()
    assert not released.kd.any()
    braked = Actuation(iiwa_contract, "forward_effort", DAMP).command(at, moving, stopped=True)
    np.testing.assert_allclose(braked.effort, np.maximum(-kd, [-j.max_effort for j in iiwa_contract.joints]))


def test_readings_that_cannot_be_trusted_make_no_torque(iiwa_contract: Contract) -> None:
    for on_stop in ON_STOP["forward_effort"]:
        actuation = Actuation(iiwa_contract, "forward_effort", on_stop)
        assert not actuation.command(np.ones(7), None, stopped=False).effort.any()


def test_impossible_combinations_are_refused(iiwa_contract: Contract) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'forward_position'"):
        check_interface("forward_positions")
    with pytest.raises(UnknownNameError, match=r"on_stop with command_interface forward_position 'damp'"):
        check_interface("forward_position", DAMP)
    joints = (replace(iiwa_contract.joints[0], kd=0.0), *iiwa_contract.joints[1:])
    with pytest.raises(TerrafirmaError, match="divides by kd, which is 0 for lbr_iiwa_joint_1"):
        Actuation(replace(iiwa_contract, joints=joints), "forward_velocity")
