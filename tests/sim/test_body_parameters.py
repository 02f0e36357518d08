"""What inertia, the centre of mass and the ground's bounce do, against the mechanics that predict it."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np
import pytest

from contract.state import Array
from sim.domains.domain import ENGINES
from sim.engines.bullet import pybullet
from sim.robots import load_robot
from sim.robots.spec import RobotSpec
from sim.robots.urdf import Urdf
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

pytestmark = pytest.mark.parametrize("engine", ENGINES)

A1 = load_robot("a1")
URDF = Urdf(A1.urdf)
BASE_MASS = URDF.links[URDF.base].mass
MASS = sum(link.mass for link in URDF.links.values())
LIGHT = "gravity: 2"  # so that legs hardly give way and the body does not lean
FRONT, LEFT = [0, 1], [1, 3]  # feet


@pytest.mark.shows("link_inertia_scale")
@pytest.mark.parametrize("scale", [0.7, 2.0, 5.0])
def test_link_inertia_scale(simulate: Simulate, ball: RobotSpec, engine: str, scale: float) -> None:
    """Wheel and shell push each other off, so both their inertias count, and no mass does."""
    speeds = []
    for parameters in ("gravity: 0", f"gravity: 0, link_inertia_scale: {scale}"):
        world = simulate(ball, engine, parameters).engine
        world.step(np.array([0.1]))
        speeds.append(world.joint_velocity[0])
    assert speeds[0] == pytest.approx(0.1 * ball.time_step * (1 / 0.001 + 1 / 0.004), rel=0.01)
    assert speeds[0] / speeds[1] == pytest.approx(scale, rel=0.01)


@pytest.mark.shows("link_inertia_scale")
def test_inertia_has_no_weight(simulate: Simulate, engine: str) -> None:
    efforts = []
    for parameters in ("", "link_inertia_scale: 3"):
        robot = simulate("a1", engine, parameters)
        robot.step(1600)
        efforts.append(robot.sense().joint_effort[2::3].sum())
    assert efforts[1] == pytest.approx(efforts[0], rel=0.01)


def loads(robot: SimulatedRobot) -> Array:
    """What each foot carries once the robot stands, as parts of the whole."""
    robot.step(1600)
    world = robot.engine
    force = np.zeros(len(world._feet))
    if robot.domain.engine == "pybullet":
        feet = [link for link, _ in world._feet]
        points = pybullet.getContactPoints(world._body, world._ground.plane, physicsClientId=world._client)
        for point in points:
            force[feet.index(point[3])] += point[9]
    else:
        wrench = np.zeros(6)
        for i, contact in enumerate(world._data.contact):
            mujoco.mj_contactForce(world._model, world._data, i, wrench)
            bodies = world._model.geom_bodyid[list(contact.geom)].tolist()
            force[world._feet.index(max(bodies))] += wrench[0]
    return force / force.sum()


@pytest.mark.shows("base_center_offset")
@pytest.mark.parametrize("shift", [-0.06, 0.04])
@pytest.mark.parametrize(("axis", "more", "length"), [("x", FRONT, 0.365), ("y", LEFT, 0.264)])
def test_base_center_offset(
    simulate: Simulate, engine: str, axis: str, more: list[int], length: float, shift: float
) -> None:
    """A shift by d moves m g d / L of the weight to the feet on that side, L apart from the others."""
    before = loads(simulate("a1", engine, LIGHT))
    after = loads(simulate("a1", engine, f"{LIGHT}, base_center_offset: {{{axis}: {shift}}}"))
    moved = (after - before)[more].sum()
    assert moved == pytest.approx(BASE_MASS / MASS * shift / length, rel=0.1)


@pytest.mark.shows("base_center_offset")
def test_a_higher_center_leans_on_the_lower_legs(simulate: Simulate, engine: str) -> None:
    """On a slope a, a centre of mass that is higher by d moves m g tan(a) d / L of the weight downhill."""
    slope = f"{LIGHT}, ground_pitch: 0.2, ground_friction: 2"
    low, high = (
        loads(simulate("a1", engine, f"{slope}, base_center_offset: {{z: {z}}}"))[FRONT].sum()
        for z in (-0.05, 0.05)
    )
    assert high - low == pytest.approx(BASE_MASS / MASS * np.tan(0.2) * 0.1 / 0.365, rel=0.15)


def test_the_center_goes_back(simulate: Simulate, engine: str) -> None:
    """A domain that draws it anew at each reset leaves nothing of the last one behind."""
    robot = simulate("a1", engine, "base_center_offset: {x: {uniform: [-0.1, 0.1]}}", seed=3)
    rng = np.random.default_rng(5)
    robot.reseed(rng)
    robot.reset()
    first = loads(robot)
    robot.reset()
    other = loads(robot)
    robot.reseed(np.random.default_rng(5))
    robot.reset()
    assert np.array_equal(loads(robot), first)
    assert not np.array_equal(other, first)


@pytest.mark.shows("ground_restitution")
@pytest.mark.parametrize("restitution", [0.0, 0.3, 0.5, 0.8])
def test_ground_restitution(simulate: Simulate, ball: RobotSpec, engine: str, restitution: float) -> None:
    parameters = f"ground_restitution: {restitution}, start_height_offset: 0.5"
    robot = simulate(ball, engine, parameters)
    speeds = []
    for _ in range(200):
        robot.step(1)
        speeds.append(robot.engine.base().linear_velocity[2])
    fast = -min(speeds)
    assert fast == pytest.approx((2 * 9.81 * 0.5) ** 0.5, rel=0.03)
    assert max(speeds) / fast == pytest.approx(restitution, abs=0.08 if restitution else 0.15)
