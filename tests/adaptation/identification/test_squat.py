"""A robot on its feet in the other engine tells what it carries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adaptation.identification.replay import JointLog, follow
from adaptation.identification.squat import Squat, find_payload, upwards
from contract.errors import DomainError, TerrafirmaError
from contract.state import Array
from sim.domains.domain import Domain
from sim.domains.reader import parse_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

A1, RATE = load_robot("a1"), 50.0
SQUAT = Squat(count=2)


def squatted(parameters: str) -> JointLog:
    """What an a1 in MuJoCo measures."""
    domain = parse_domain(
        f"engine: mujoco\nparameters: {{{parameters}, joint_position_noise: 0.0005}}\n", "hidden"
    )
    robot = SimulatedRobot(A1, domain, np.random.default_rng(0))
    set_points = SQUAT.set_points(A1, RATE)
    log = follow(robot, set_points, RATE, set_points[0])
    robot.close()
    return log


def prior(parameters: str) -> Domain:
    return parse_domain(f"engine: pybullet\nparameters: {{{parameters}}}\n", "prior")


def test_a_payload_is_found() -> None:
    for mass in (0.0, 2.6):
        log = squatted(f"base_mass_offset: {mass}, ground_friction: 0.6")
        found = find_payload(A1, prior("base_mass_offset: {uniform: [-1.0, 6.0]}"), log, SQUAT)
        assert found.mass == pytest.approx(mass, abs=0.05)
        assert found.deviation == 0.0


def test_what_is_not_sure_of_the_joints_is_not_sure_of_the_payload() -> None:
    log = squatted("base_mass_offset: 2.0, joint_strength: 0.8, joint_friction: 0.3, action_latency: 0.02")
    joints = "joint_strength: {uniform: [0.77, 0.83]}, joint_friction: 0.3, action_latency: 0.02"
    found = find_payload(A1, prior(f"{joints}, base_mass_offset: {{uniform: [0.0, 6.0]}}"), log, SQUAT)
    assert found.mass == pytest.approx(2.0, abs=0.1)
    assert 0.1 < found.deviation < 0.6  # 2 % of about 15 kg


def test_upwards_is_straight_up_from_any_pose() -> None:
    """By the engine's own kinematics a foot moves neither ahead nor aside, and down as the base goes up."""
    robot = SimulatedRobot(load_robot("a1-hanging"), parse_domain("engine: mujoco\nparameters: {}\n", "d"))
    rng = np.random.default_rng(0)
    default = np.array([joint.default_position for joint in A1.joints])
    for _ in range(3):
        pose = default + rng.uniform(-0.3, 0.3, 12)
        step = 1e-4 * upwards(A1, pose)
        before, after = (feet(robot, pose + side * step) for side in (-1.0, 1.0))
        assert np.allclose((after - before) / 2e-4, [0.0, 0.0, -1.0], atol=2e-3)
    robot.close()


def feet(robot: SimulatedRobot, pose: Array) -> Array:
    """Places (4, 3) m."""
    robot.reset(pose)
    engine: Any = robot.engine
    return np.array([engine._data.body(name).xpos for name in A1.feet])


def test_squats_begin_and_end_in_the_default_pose() -> None:
    default = np.array([joint.default_position for joint in A1.joints])
    set_points = SQUAT.set_points(A1, RATE)
    assert np.allclose(set_points[[0, -1]], default, atol=1e-6)
    assert np.abs(set_points - default).max() > 0.1


def test_what_nobody_can_tell_is_refused() -> None:
    log = squatted("base_mass_offset: 5.0")
    with pytest.raises(DomainError, match="no distribution for base_mass_offset"):
        find_payload(A1, prior("joint_strength: {uniform: [0.5, 1.0]}"), log, SQUAT)
    with pytest.raises(TerrafirmaError, match=r"within \[0, 2\] kg"):
        find_payload(A1, prior("base_mass_offset: {uniform: [0.0, 2.0]}"), log, SQUAT)
    with pytest.raises(TerrafirmaError, match="knows of no legs"):
        SQUAT.set_points(load_robot("ant"), RATE)
    with pytest.raises(TerrafirmaError, match=r"cannot squat by 0\.3 m"):
        Squat(depth=0.3).set_points(A1, RATE)
