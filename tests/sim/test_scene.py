"""An object beside a robot: it lies still, slides, is pushed by the tool, and is seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from contract.kinematics import ForwardKinematics
from contract.state import Array, JointCommand
from sim.domains.domain import ENGINES, Domain
from sim.registration import ROBOTS_OF
from sim.robots import load_robot
from sim.scene import Scene, SceneObject
from sim.simulated_robot import SimulatedRobot
from sim.tasks.push import BESIDE, PUCK

GRAVITY = 9.81
OBJECTS = {"puck": PUCK, "box": replace(PUCK, shape="box", size=(0.12, 0.08, 0.05))}
# rad; Bullet solves the contacts of a flat bottom one after the other, so that a slide veers off
VEER = {"pybullet": 0.13, "mujoco": 0.01}
Place = Callable[..., SimulatedRobot]


@pytest.fixture(params=[(thing, engine) for thing in OBJECTS for engine in ENGINES], ids="-".join)
def place(request: pytest.FixtureRequest, domain: Callable[..., Domain]) -> Iterator[Place]:
    """Makes a robot in its default pose with an object at (x, y) m: (x, y, robot, domain's parameters)."""
    name, engine = request.param
    made = []

    def place(x: float, y: float, robot: str = "panda", parameters: str = "") -> SimulatedRobot:
        scene = Scene(OBJECTS[name], (x, y), (x, y), 0.001)
        made.append(SimulatedRobot(load_robot(robot), domain(engine, parameters), 0, scene))
        made[-1].reset()
        return made[-1]

    yield place
    for robot in made:
        robot.close()


def center(robot: SimulatedRobot) -> Array:
    return robot.object_pose()[0]


def test_an_object_that_nothing_touches_lies_still(place: Place) -> None:
    robot = place(0.5, 0.1)
    robot.step(400)
    before, turned = robot.object_pose()
    robot.step(2000)
    after, turned_after = robot.object_pose()
    assert np.abs(after - before).max() < 1e-4
    assert abs(turned @ turned_after) > 1.0 - 1e-5
    assert np.allclose(after[:2], [0.5, 0.1], atol=1e-4)


@pytest.mark.parametrize("angle", [0.0, 1.0])
@pytest.mark.parametrize("ground_friction", [0.8, 0.3])
def test_an_object_slides_as_far_as_friction_lets_it(
    place: Place, angle: float, ground_friction: float
) -> None:
    robot = place(1.0, 0.0, parameters=f"ground_friction: {ground_friction}, link_mass_scale: 1.5")
    start, speed = center(robot), 0.7
    robot.place_object(start, speed * np.array([math.cos(angle), math.sin(angle), 0.0]))
    robot.step(800)
    way = (center(robot) - start)[:2]
    expected = speed**2 / (2.0 * PUCK.friction * ground_friction * GRAVITY)
    assert np.linalg.norm(way) == pytest.approx(expected, rel=0.04)
    assert math.atan2(way[1], way[0]) == pytest.approx(angle, abs=VEER[robot.domain.engine_name])


def move_tool(robot: SimulatedRobot, to: Array, seconds: float) -> None:
    """Move the tool on a straight line to `to` (3,) m, by the pseudo-inverse of its Jacobian."""
    assert robot.spec.kinematics is not None
    forward = ForwardKinematics(robot.spec.kinematics)
    position = robot.sense().joint_position
    start, ticks = forward.tool_position(position), round(20 * seconds)
    for tick in range(1, ticks + 1):
        point = forward.tool_position(position)
        nudges = 1e-6 * np.eye(len(position))
        jacobian = np.array([forward.tool_position(position + n) - point for n in nudges]).T / 1e-6
        wanted = start + (to - start) * tick / ticks
        position = position + np.linalg.pinv(jacobian) @ (wanted - point)
        robot.command(JointCommand.hold(position))
        robot.step(20)
    robot.step(200)


@pytest.mark.parametrize("name", ROBOTS_OF["push"])
def test_the_tool_pushes_the_object_ahead_of_it(place: Place, name: str) -> None:
    robot = place(0.5, 0.0, name)
    robot.reset(np.array(BESIDE[name]))
    start = center(robot)
    tool = robot.tool_position()
    assert np.allclose(tool, [0.37, 0.0, 0.04], atol=0.005)
    move_tool(robot, tool + np.array([0.2, 0.0, 0.0]), 2.0)
    moved = center(robot) - start
    reached = robot.tool_position() - tool
    assert reached[0] == pytest.approx(0.2, abs=0.015)  # an object of 0.5 kg does not hold it up
    assert 0.1 < moved[0] < 0.2
    assert abs(moved[1]) < 0.03
    assert abs(moved[2]) < 0.003


@pytest.mark.parametrize("engine", ENGINES)
def test_the_arm_moves_the_same_where_it_touches_nothing(engine: str, domain: Callable[..., Domain]) -> None:
    scene = Scene(SceneObject("box", (0.1, 0.1, 0.1), 1.0, 0.5), (3.0, 0.0), (3.0, 0.0), 0.0)
    ways = []
    for around in (None, scene):
        robot = SimulatedRobot(load_robot("panda"), domain(engine), 0, around)
        robot.reset()
        robot.command(JointCommand.hold(robot.sense().joint_position + 0.1))
        robot.step(200)
        ways.append(robot.pose()[2])
        robot.close()
    assert np.abs(ways[0] - ways[1]).max() < 1e-9


def test_an_observer_sees_the_object_but_not_exactly(place: Place) -> None:
    robot = place(0.5, 0.1)
    seen = np.array([robot.sense().object_position for _ in range(300)])
    assert np.allclose(seen.mean(axis=0), center(robot), atol=3e-4)
    assert np.allclose(seen.std(axis=0), 0.001, rtol=0.2)


def test_the_object_starts_anywhere_in_its_range() -> None:
    scene = Scene(PUCK, (0.4, -0.1), (0.6, 0.3), 0.0)
    starts = np.array([scene.start(np.random.default_rng(seed)) for seed in range(200)])
    assert np.allclose(starts[:, :2].min(axis=0), scene.low, atol=0.02)
    assert np.allclose(starts[:, :2].max(axis=0), scene.high, atol=0.02)
    assert (starts[:, 2] == PUCK.size[2] / 2).all()


def test_without_a_scene_nobody_sees_anything(simulate: Callable[..., SimulatedRobot]) -> None:
    assert simulate("panda", "pybullet").sense().object_position is None
