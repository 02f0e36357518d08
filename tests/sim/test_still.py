"""A robot that is told nothing stands where it is, in every engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from contract.rotation import tilt
from contract.state import JointCommand
from sim.domains.domain import ENGINES, Domain
from sim.robots import ROBOTS, load_robot
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]
ARMS = [name for name in ROBOTS if load_robot(name).gravity_compensated]
SECONDS = 10.0
TREMBLING = {"ant", "minitaur"}  # in Bullet, by about a tenth of a degree: round feet, light closed legs


def still(robot: SimulatedRobot) -> None:
    """Let 10 s pass; the last of them must not differ from the one before."""
    steps = round(1.0 / robot.spec.time_step)
    robot.step(round((SECONDS - 1.0) * steps))
    before = robot.sense().joint_position
    robot.step(steps)
    after = robot.sense()
    factor = 20.0 if robot.spec.name in TREMBLING else 1.0
    assert np.abs(after.joint_position - before).max() < factor * 1e-4
    assert np.abs(after.joint_velocity).max() < factor * 1e-3


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ROBOTS)
def test_every_robot_stands_still(simulate: Simulate, name: str, engine: str) -> None:
    robot = simulate(name, engine)
    still(robot)
    default = np.array([joint.default_position for joint in robot.spec.joints])
    limits = np.array([joint.max_effort for joint in robot.spec.joints])
    sag = 0.1 if name in ("a1", "iiwa") else 0.15  # rad; the others' gains are softer for their weight
    assert np.abs(robot.sense().joint_position - default).max() < sag
    assert (np.abs(robot.torque) < 0.5 * limits).all()
    base, orientation, _ = robot.pose()
    assert np.abs(base[:2]).max() < 0.05
    assert tilt(orientation) < 0.15
    assert robot.foot_contacts().tolist() == [1.0] * len(robot.spec.feet)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ROBOTS)
def test_no_pose_makes_the_joints_ring(name: str, engine: str, domain: Callable[..., Domain]) -> None:
    """Damping by torques is explicit: where a joint feels little inertia, too much of it oscillates."""
    spec = load_robot(name)
    if spec.base != "fixed":
        spec = replace(spec, base_height=3.0)  # nothing to stand on, and nothing to fall to
    robot = SimulatedRobot(spec, domain(engine, "gravity: 0"))
    low, high = (np.array([getattr(joint, end) for joint in spec.joints]) for end in ("lower", "upper"))
    middle, half = (low + high) / 2, (high - low) / 2
    for reach in np.random.default_rng(0).uniform(-0.8, 0.8, (8, len(low))):
        pose = middle + reach * half
        robot.reset(pose)
        robot.command(JointCommand.hold(pose + 0.1 * half))
        robot.step(1200)
        assert np.abs(robot.sense().joint_velocity).max() < 0.05
    robot.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ARMS)
def test_an_arm_carries_its_own_weight(simulate: Simulate, name: str, engine: str) -> None:
    robot = simulate(name, engine)
    still(robot)
    default = np.array([joint.default_position for joint in robot.spec.joints])
    assert np.abs(robot.sense().joint_position - default).max() < 0.01


@pytest.mark.parametrize("engine", ENGINES)
def test_the_quadruped_stands_upright_on_four_feet(simulate: Simulate, engine: str) -> None:
    robot = simulate("a1", engine)
    still(robot)
    truth, state = robot.truth(), robot.sense()
    assert 0.24 < truth.base_position[2] < 0.30
    assert np.abs(truth.base_position[:2]).max() < 0.03
    assert tilt(state.orientation) < 0.02
    assert robot.foot_contacts().tolist() == [1.0] * 4
    assert np.abs(truth.base_linear_velocity).max() < 1e-3
    assert np.allclose(state.accelerometer, [0.0, 0.0, 9.81], atol=0.15)  # +g on z at rest
    assert np.allclose(state.gyro, 0.0, atol=1e-3)
