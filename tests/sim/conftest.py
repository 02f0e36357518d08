"""Robots in domains written on one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sim.domains.domain import Domain
from sim.domains.reader import parse_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot


def write_domain(engine: str, parameters: str = "") -> Domain:
    """A domain from the inside of its YAML mapping, e.g. "gravity: 5, gyro_noise: 0.1"."""
    return parse_domain(f"engine: {engine}\nparameters: {{{parameters}}}\n", "test.yaml")


@pytest.fixture(scope="session")
def domain() -> Callable[..., Domain]:
    """The function `write_domain`."""
    return write_domain


@pytest.fixture
def simulate() -> Iterator[Callable[..., SimulatedRobot]]:
    """Makes a robot at rest in its default pose: (robot, engine, parameters)."""
    made: list[SimulatedRobot] = []

    def simulate(robot: str, engine: str, parameters: str = "", seed: int = 0) -> SimulatedRobot:
        made.append(SimulatedRobot(load_robot(robot), write_domain(engine, parameters), seed))
        made[-1].reset()
        return made[-1]

    yield simulate
    for robot in made:
        robot.close()


@pytest.fixture(autouse=True)
def quiet_mujoco(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MuJoCo writes MUJOCO_LOG.TXT into the current folder when physics goes wrong."""
    monkeypatch.chdir(tmp_path)
