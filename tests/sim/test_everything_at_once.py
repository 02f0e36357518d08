"""All parameters random together, changing within episodes: nothing interferes, and a seed repeats it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.errors import DomainError
from contract.state import Array
from sim.domains.domain import ENGINES
from sim.domains.parameters import PARAMETERS, Parameter
from sim.domains.reader import parse_domain
from sim.robots import ROBOTS, load_robot
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

pytestmark = pytest.mark.parametrize("engine", ENGINES)

SHARE = 0.04  # of the way from nominal to either end of a range


def near_nominal(parameter: Parameter, robot: RobotSpec) -> str:
    nominal = parameter.nominal
    if nominal is None:
        nominal = float(np.mean(getattr(robot, parameter.name)))
    low, high = (nominal + SHARE * (end - nominal) for end in (parameter.low, parameter.high))
    mode = "reset" if parameter.only_at_start else "interval, every: 0.05"
    return f"{parameter.name}: {{uniform: [{low}, {high}], mode: {mode}}}"


def everything(name: str, engine: str) -> str:
    """Each parameter that the robot accepts."""
    robot = load_robot(name)
    lines = [near_nominal(row, robot) for row in PARAMETERS.values()]
    return ", ".join(line for line in lines if accepted(line, robot, engine))


def accepted(line: str, robot: RobotSpec, engine: str) -> bool:
    try:
        parse_domain(f"{{engine: {engine}, parameters: {{{line}}}}}", "").check(robot)
    except DomainError:
        return False
    return True


def rollout(robot: SimulatedRobot) -> Array:
    """Everything that the sensors say in two episodes, and the true pose."""
    rows = []
    for _ in range(2):
        robot.reset()
        for _ in range(50):
            robot.step(8)
            state = robot.sense()
            rows.append(
                [*state.joint_position, *state.joint_velocity, *state.orientation, *state.accelerometer]
            )
            rows[-1] += np.concatenate(robot.pose()).tolist()
    return np.array(rows)


@pytest.mark.parametrize("name", ROBOTS)
def test_everything_at_once(simulate: Simulate, engine: str, name: str) -> None:
    first, second, other = (
        rollout(simulate(name, engine, everything(name, engine), seed=seed)) for seed in (0, 0, 1)
    )
    assert np.isfinite(first).all()
    assert np.array_equal(first, second)
    assert not np.allclose(first, other)
    joints = len(load_robot(name).joints)
    assert np.abs(first[:, joints : 2 * joints]).max() < 30.0  # rad/s
