"""Linkages are closed at every reset, in every engine and picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.domains.domain import ENGINES
from sim.engines.bullet import pybullet
from sim.robots import load_robot
from sim.robots.closure import Closure
from sim.simulated_robot import SimulatedRobot

MINITAUR = load_robot("minitaur")


def test_the_knees_of_the_literature_are_found() -> None:
    motors = np.array([joint.default_position for joint in MINITAUR.joints])
    found = Closure(MINITAUR).free_positions(motors)
    # both knees a little off what the literature gives to four digits
    assert [found[name] for name, _ in MINITAUR.unactuated] == pytest.approx(
        [position for _, position in MINITAUR.unactuated], abs=0.05
    )


def test_a_robot_without_loops_keeps_its_spec() -> None:
    assert Closure(load_robot("a1")).free_positions(np.zeros(12)) == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_reset_closes_every_leg(simulate: Callable[..., SimulatedRobot], engine: str) -> None:
    robot = simulate("minitaur", engine)
    default = np.array([joint.default_position for joint in MINITAUR.joints])
    for offset in np.random.default_rng(0).uniform(-0.3, 0.3, (5, 8)):
        robot.reset(default + offset)
        assert np.abs(gaps(robot)).max() < 1e-4


@pytest.mark.parametrize("engine", ENGINES)
def test_legs_stay_closed_when_they_move(simulate: Callable[..., SimulatedRobot], engine: str) -> None:
    robot = simulate("minitaur", engine)
    robot.step(400)
    assert np.abs(gaps(robot)).max() < 2e-3


def gaps(robot: SimulatedRobot) -> np.ndarray:
    """Vectors (loops, 3) m between the ends of each loop, as the engine has them."""
    engine = robot.engine
    if robot.domain.engine == "mujoco":
        sites = {
            link: engine._data.site(f"{link}_loop").xpos for loop in MINITAUR.loops
            for link in (loop.first, loop.second)
        }  # fmt: skip
        return np.array([sites[loop.first] - sites[loop.second] for loop in MINITAUR.loops])
    ends = []
    for loop in MINITAUR.loops:
        points = []
        for link, point in ((loop.first, loop.first_point), (loop.second, loop.second_point)):
            state = pybullet.getLinkState(
                engine._body, engine._link_index[link], computeForwardKinematics=1,
                physicsClientId=engine._client,
            )  # fmt: skip
            points.append(pybullet.multiplyTransforms(state[4], state[5], point, [0, 0, 0, 1])[0])
        ends.append(np.subtract(*points))
    return np.array(ends)
