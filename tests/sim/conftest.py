"""Robots in domains written on one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.record import Joint
from sim.domains.domain import Domain
from sim.domains.reader import parse_domain
from sim.robots import load_robot
from sim.robots.spec import RobotSpec
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
    """Makes a robot at rest in its default pose: (name or robot, engine, parameters)."""
    made: list[SimulatedRobot] = []

    def simulate(robot: str | RobotSpec, engine: str, parameters: str = "", seed: int = 0) -> SimulatedRobot:
        spec = load_robot(robot) if isinstance(robot, str) else robot
        made.append(SimulatedRobot(spec, write_domain(engine, parameters), seed))
        made[-1].reset()
        return made[-1]

    yield simulate
    for robot in made:
        robot.close()


BALL = """<robot name="ball">
  <link name="shell">
    <inertial>
      <mass value="1"/><inertia ixx="0.004" ixy="0" ixz="0" iyy="0.004" iyz="0" izz="0.004"/>
    </inertial>
    <collision><geometry><sphere radius="0.1"/></geometry></collision>
  </link>
  <link name="wheel">
    <inertial>
      <mass value="0.2"/><inertia ixx="0.001" ixy="0" ixz="0" iyy="0.001" iyz="0" izz="0.001"/>
    </inertial>
  </link>
  <joint name="spin" type="revolute">
    <parent link="shell"/><child link="wheel"/><axis xyz="0 0 1"/>
    <limit lower="-100" upper="100" effort="1" velocity="100"/>
  </joint>
</robot>"""


@pytest.fixture
def ball(tmp_path: Path) -> RobotSpec:
    """A ball of 1.2 kg and 0.1 m, on the ground, with a reaction wheel about its vertical axis."""
    path = tmp_path / "ball.urdf"
    path.write_text(BALL)
    return RobotSpec(
        name="ball",
        urdf=path,
        joints=(Joint("spin", 0.0, -100.0, 100.0, 100.0, 1.0, kp=0.0, kd=0.01),),
        joint_damping=(0.0,),
        joint_armature=(0.0,),
        base="floating",
        base_height=0.1,
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "shows(*parameters): the test measures what these domain parameters do, in every engine"
    )


@pytest.fixture(autouse=True)
def quiet_mujoco(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MuJoCo writes MUJOCO_LOG.TXT into the current folder when physics goes wrong."""
    monkeypatch.chdir(tmp_path)
