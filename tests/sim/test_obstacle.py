"""A wall stops what runs into it, where the domain puts it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.errors import DomainError
from sim.domains.domain import ENGINES, Domain
from sim.domains.reader import load_domain
from sim.engines.bullet import pybullet
from sim.ground import NOWHERE, wall_center
from sim.robots import load_robot
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

RADIUS = 0.1  # m, of the ball


def farthest(robot: SimulatedRobot, steps: int) -> float:
    """The base's x (m) at its largest distance from the start."""
    xs = []
    for _ in range(steps // 4):
        robot.step(4)
        xs.append(float(robot.truth().base_position[0]))
    return max(xs, key=abs)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("distance", [2.0, -1.5])
@pytest.mark.shows("obstacle_distance")
def test_a_ball_stops_at_the_wall(simulate: Simulate, ball: RobotSpec, engine: str, distance: float) -> None:
    side = np.sign(distance)
    run = f"ground_friction: 0, start_velocity: {{x: {3.0 * side}}}"
    assert farthest(simulate(ball, engine, run), 600) == pytest.approx(4.5 * side, rel=0.02)
    robot = simulate(ball, engine, f"{run}, obstacle_distance: {distance}")
    assert farthest(robot, 600) == pytest.approx(distance - side * RADIUS, abs=0.03)
    assert side * robot.truth().world_velocity[0] < 0.1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.shows("obstacle_distance")
def test_the_wall_moves_from_episode_to_episode(simulate: Simulate, ball: RobotSpec, engine: str) -> None:
    run = "ground_friction: 0, start_velocity: {x: 3}, obstacle_distance: {uniform: [1.5, 4]}"
    robot = simulate(ball, engine, run)
    drawn = set()
    for _ in range(3):
        robot.reset()
        distance = robot.drawn.scalar("obstacle_distance")
        assert farthest(robot, 640) == pytest.approx(distance - RADIUS, abs=0.03)
        drawn.add(distance)
    assert len(drawn) == 3


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.shows("obstacle_distance")
def test_the_half_cheetah_cannot_pass_the_obstacle_behind_it(simulate: Simulate, engine: str) -> None:
    """Pushed backwards it slides a good way, or as far as the wall lets it."""
    backwards = "ground_friction: 0.05, start_velocity: {x: -3}"
    free = farthest(simulate("half_cheetah", engine, backwards), 800)
    stopped = farthest(simulate("half_cheetah", engine, f"{backwards}, obstacle_distance: -2"), 800)
    assert free < -3.0
    assert -2.0 < stopped < -1.0


@pytest.mark.parametrize("engine", ENGINES)
def test_friction_at_the_wall_is_the_coefficient_too(
    simulate: Simulate, ball: RobotSpec, engine: str
) -> None:
    """Pressed against the wall by m a, a ball falls with g - mu a, and its surface turns more slowly."""
    parameters = "gravity: 2, obstacle_distance: 1, ground_friction: 0.02, start_height_offset: 1"
    robot = simulate(ball, engine, parameters)
    robot.engine.pull(np.array([24.0, 0.0, 0.0]))  # N, on 1.2 kg
    robot.step(200)  # it has bounced
    before = robot.truth().world_velocity[2]
    robot.step(40)
    gained = (before - robot.truth().world_velocity[2]) / 0.1
    assert gained == pytest.approx(2.0 - 0.02 * 20.0, rel=0.05)


def test_a_wall_s_near_face_is_at_the_distance() -> None:
    assert wall_center(-2.0) == -3.0  # the paper's obstacle
    assert wall_center(3.0) == 4.0
    assert wall_center(0.0) == NOWHERE


@pytest.mark.parametrize("value", ["0.5", "-0.9", "{uniform: [-2, 2]}", "{uniform: [0, 3]}"])
def test_a_wall_in_the_robot_is_refused(domain: Callable[..., Domain], value: str) -> None:
    with pytest.raises(DomainError, match=r"test\.yaml:2: obstacle_distance: .* nearer to the start"):
        domain("mujoco", f"obstacle_distance: {value}").check(load_robot("half_cheetah"))


def test_no_wall_is_no_body(simulate: Simulate) -> None:
    bullet = simulate("half_cheetah", "pybullet", "obstacle_distance: 0").engine
    assert pybullet.getNumBodies(physicsClientId=bullet._client) == 2
    with_wall, without = (
        simulate("half_cheetah", "mujoco", f"obstacle_distance: {distance}").engine._model
        for distance in (2, 0)
    )
    assert with_wall.ngeom == without.ngeom + 1


@pytest.mark.parametrize(
    ("name", "robot", "joint"),
    [
        ("half-cheetah-broken-joint", "half_cheetah", "bthigh"),
        ("ant-broken-joint", "ant", "ankle_1"),
        ("reacher7-broken-joint", "reacher7", "shoulder_pan_joint"),
    ],
)
def test_a_broken_joint_gives_no_torque_and_the_others_do(name: str, robot: str, joint: str) -> None:
    simulated = SimulatedRobot(load_robot(robot), load_domain(name))
    simulated.reset()
    names = [j.name for j in simulated.spec.joints]
    simulated.step(40)
    assert simulated.torque[names.index(joint)] == 0.0
    assert np.abs(np.delete(simulated.torque, names.index(joint))).max() > 1e-4
    simulated.close()


def test_the_obstacle_domain_is_the_paper_s() -> None:
    domain = load_domain("half-cheetah-obstacle")
    draw = domain.draw(load_robot("half_cheetah"), np.random.default_rng(0))
    assert draw.scalar("obstacle_distance") == -2.0
