"""A robot in the air: its base stays, its feet touch nothing, and both engines move its joints alike."""

from __future__ import annotations

import numpy as np
import pytest

from adaptation.identification.excitation import Chirp
from adaptation.identification.replay import follow
from contract.errors import TerrafirmaError, UnknownNameError
from contract.state import Array
from sim.domains.reader import parse_domain
from sim.robots import ROBOTS, load_robot
from sim.simulated_robot import SimulatedRobot

FLOATING = sorted(name for name in ROBOTS if load_robot(name).base == "floating")
ENGINES = ("pybullet", "mujoco")
RATE = 50.0


def swung(name: str, engine: str) -> tuple[Array, SimulatedRobot]:
    """Joint positions under a slow chirp, and the robot after it."""
    spec = load_robot(f"{name}-hanging")
    robot = SimulatedRobot(spec, parse_domain(f"engine: {engine}\nparameters: {{}}\n", "air"))
    start = np.array([joint.default_position for joint in spec.joints])
    set_points = Chirp(3.0, high=1.0, amplitude=0.2).set_points(spec.joints, start, RATE)
    return follow(robot, set_points, RATE, start).position, robot


@pytest.mark.parametrize("name", FLOATING)
def test_its_base_stays_and_its_feet_touch_nothing(name: str) -> None:
    for engine in ENGINES:
        position, robot = swung(name, engine)
        assert np.ptp(position, axis=0).min() > 0.05  # it did swing
        assert np.allclose(robot.pose()[0], robot.pose()[0] * 0.0)
        assert not robot.foot_contacts().any()
        robot.close()


def test_both_engines_swing_an_a1_alike() -> None:
    (one, first), (other, second) = (swung("a1", engine) for engine in ENGINES)
    assert np.sqrt(np.mean((one - other) ** 2)) < 1e-3  # rad
    first.close()
    second.close()


def test_who_cannot_hang_is_told() -> None:
    with pytest.raises(TerrafirmaError, match="iiwa-hanging: only a robot whose base floats"):
        load_robot("iiwa-hanging")
    with pytest.raises(UnknownNameError, match="a1"):
        load_robot("a2-hanging")
