"""Both engines, the contract's kinematics and the gravity model speak of the same robot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from contract.kinematics import ForwardKinematics
from contract.state import Array, JointCommand
from sim.domains.domain import ENGINES
from sim.engines.bullet import pybullet
from sim.gravity import STANDARD_GRAVITY, GravityCompensation
from sim.robots import ROBOTS, load_robot
from sim.robots.model import model_file
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

ARMS = [name for name in ROBOTS if load_robot(name).kinematics]
POSES = 50


def random_poses(name: str) -> Array:
    """(POSES, joints) rad, anywhere within the joint limits."""
    joints = load_robot(name).joints
    low, high = [j.lower for j in joints], [j.upper for j in joints]
    return np.random.default_rng(0).uniform(low, high, (POSES, len(joints)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ARMS)
def test_kinematics_put_the_tool_where_the_engine_does(simulate: Simulate, name: str, engine: str) -> None:
    robot = simulate(name, engine)
    assert robot.spec.kinematics is not None
    forward = ForwardKinematics(robot.spec.kinematics)
    for pose in random_poses(name):
        robot.reset(pose)
        assert np.allclose(robot.tool_position(), forward.tool_position(pose), atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ARMS)
def test_the_tool_position_follows_the_motion(simulate: Simulate, name: str, engine: str) -> None:
    """Read between steps, it belongs to the joint positions of the same moment."""
    robot = simulate(name, engine)
    assert robot.spec.kinematics is not None
    forward = ForwardKinematics(robot.spec.kinematics)
    robot.command(JointCommand.hold(robot.sense().joint_position + 0.5))
    for _ in range(20):
        robot.step(1)
        assert np.allclose(
            robot.tool_position(), forward.tool_position(robot.sense().joint_position), atol=1e-6
        )


@pytest.fixture(params=ARMS)
def bullet_arm(request: pytest.FixtureRequest) -> Iterator[tuple[str, int, int]]:
    """Name, body and client of an arm in a PyBullet world of its own."""
    spec = load_robot(request.param)
    client = pybullet.connect(pybullet.DIRECT)
    pybullet.setGravity(0, 0, -STANDARD_GRAVITY, physicsClientId=client)
    with model_file(spec) as path:
        body = pybullet.loadURDF(
            str(path), useFixedBase=True, flags=pybullet.URDF_USE_INERTIA_FROM_FILE, physicsClientId=client
        )
    yield request.param, body, client
    pybullet.disconnect(physicsClientId=client)


def test_gravity_compensation_equals_inverse_dynamics(bullet_arm: tuple[str, int, int]) -> None:
    name, body, client = bullet_arm
    model, rest = GravityCompensation(load_robot(name)), [0.0] * len(load_robot(name).joints)
    for pose in random_poses(name):
        expected = pybullet.calculateInverseDynamics(body, pose.tolist(), rest, rest, physicsClientId=client)
        assert np.allclose(model.torque(pose), expected, atol=1e-6)


def joint_trajectory(robot: SimulatedRobot, steps: int, every: int) -> Array:
    """Joint positions (time, n) rad after a change of set-points by 0.2 rad."""
    robot.step(400)
    robot.command(JointCommand.hold(robot.sense().joint_position + 0.2))
    positions = []
    for _ in range(steps // every):
        robot.step(every)
        positions.append(robot.sense().joint_position)
    return np.array(positions)


def test_the_arm_answers_a_step_alike_in_both_engines(simulate: Simulate) -> None:
    first, second = (joint_trajectory(simulate("iiwa", engine), 200, 1) for engine in ENGINES)
    moved = first[-1] - first[0]
    assert (moved > 0.05).all()
    assert np.abs(first - second).max() < 0.005


def test_a_weak_slow_arm_answers_alike_too(simulate: Simulate) -> None:
    """Not only the nominal arm: the same domain means the same in both engines."""
    parameters = (
        "link_mass_scale: 1.4, joint_strength: 0.7, joint_damping: 3, action_latency: 0.01, gravity: 8"
    )
    first, second = (joint_trajectory(simulate("iiwa", engine, parameters), 400, 1) for engine in ENGINES)
    assert np.abs(first - second).max() < 0.005


def test_the_quadruped_stands_alike_in_both_engines(simulate: Simulate) -> None:
    poses = []
    for engine in ENGINES:
        robot = simulate("a1", engine)
        robot.step(2000)
        poses.append(robot.pose())
    (base, orientation, joints), (other_base, other_orientation, other_joints) = poses
    assert np.abs(base - other_base).max() < 0.01
    assert abs(orientation @ other_orientation) > 0.9999
    assert np.abs(joints - other_joints).max() < 0.05
