"""Merged links are the same bodies: in numbers, and in motion."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contract.record import Joint
from contract.state import Array, JointCommand
from sim.engines import bullet_model
from sim.engines.bullet import pybullet
from sim.engines.bullet_engine import BulletEngine
from sim.engines.mujoco_engine import MujocoEngine
from sim.robots import ROBOTS, load_robot
from sim.robots.merged_links import merge_fixed_links
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

ARM = """<robot name="arm">
  <link name="base"/>
  <link name="upper">
    <inertial><mass value="2"/><inertia ixx="0.1" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.1"/></inertial>
  </link>
  <link name="bracket">
    <inertial><origin xyz="0.1 0 0"/><mass value="1"/>
      <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.02" iyz="0" izz="0.03"/></inertial>
    <collision><origin xyz="0 0 0.5"/><geometry><sphere radius="0.1"/></geometry></collision>
  </link>
  <link name="plate">
    <inertial><mass value="3"/><inertia ixx="0.2" ixy="0" ixz="0" iyy="0.2" iyz="0" izz="0.2"/></inertial>
  </link>
  <link name="hand">
    <inertial><mass value="1"/><inertia ixx="0.1" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.1"/></inertial>
  </link>
  <joint name="shoulder" type="revolute">
    <parent link="base"/><child link="upper"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="1" effort="1" velocity="1"/>
  </joint>
  <joint name="screw" type="fixed">
    <parent link="upper"/><child link="bracket"/><origin xyz="1 0 0" rpy="0 0 1.5707963267948966"/>
  </joint>
  <joint name="bolt" type="fixed"><parent link="bracket"/><child link="plate"/><origin xyz="0 2 0"/></joint>
  <joint name="wrist" type="revolute">
    <parent link="plate"/><child link="hand"/><origin xyz="0 0 1"/><axis xyz="1 0 0"/>
    <limit lower="-1" upper="1" effort="1" velocity="1"/>
  </joint>
</robot>"""


def numbers(element: ElementTree.Element | None, attribute: str) -> list[float]:
    assert element is not None
    return [float(value) for value in element.get(attribute, "").split()]


def test_a_chain_of_fixed_links_becomes_one() -> None:
    root = ElementTree.fromstring(ARM)
    places = merge_fixed_links(root, keep=())
    assert {link.get("name") for link in root.findall("link")} == {"base", "upper", "hand"}
    assert {name: place.link for name, place in places.items()} == {"bracket": "upper", "plate": "upper"}
    # the bracket is turned by 90 degrees about z, so its y is the upper arm's -x
    assert places["plate"].offset == pytest.approx([-1.0, 0.0, 0.0])
    upper = root.find("link[@name='upper']")
    assert upper is not None
    assert numbers(upper.find("inertial/mass"), "value") == [6.0]
    center = (2 * np.zeros(3) + 1 * np.array([1.0, 0.1, 0.0]) + 3 * np.array([-1.0, 0.0, 0.0])) / 6
    assert numbers(upper.find("inertial/origin"), "xyz") == pytest.approx(center)
    along_z = 0.1 + 0.03 + 0.2 + 1.01 + 3.0 - 6 * (center @ center)
    assert numbers(upper.find("inertial/inertia"), "izz") == pytest.approx([along_z])
    assert numbers(upper.find("collision/origin"), "xyz") == pytest.approx([1.0, 0.0, 0.5])
    wrist = root.find("joint[@name='wrist']")
    assert wrist is not None
    assert numbers(wrist.find("origin"), "xyz") == pytest.approx([-1.0, 0.0, 1.0])
    assert numbers(wrist.find("origin"), "rpy") == pytest.approx([0.0, 0.0, np.pi / 2])


def test_what_is_to_be_kept_stays() -> None:
    root = ElementTree.fromstring(ARM)
    assert set(merge_fixed_links(root, keep={"plate"})) == {"bracket"}
    assert root.find("link[@name='plate']") is not None
    bolt = root.find("joint[@name='bolt']")
    assert bolt is not None
    assert numbers(bolt.find("origin"), "xyz") == pytest.approx([-1.0, 0.0, 0.0])


def test_what_is_to_be_kept_takes_nothing_in() -> None:
    root = ElementTree.fromstring(ARM)
    places = merge_fixed_links(root, keep={"upper"})
    assert {name: place.link for name, place in places.items()} == {"plate": "bracket"}
    assert numbers(root.find("link[@name='upper']/inertial/mass"), "value") == [2.0]


@pytest.mark.parametrize(
    ("contact", "merged"), [("<lateral_friction value='2'/>", True), ("<stiffness value='9'/>", False)]
)
def test_a_link_with_soft_contacts_stays(contact: str, merged: bool) -> None:
    root = ElementTree.fromstring(
        ARM.replace('<link name="plate">', f'<link name="plate"><contact>{contact}</contact>')
    )
    assert ("plate" in merge_fixed_links(root, keep=())) == merged


@pytest.mark.parametrize("name", [name for name in ROBOTS if load_robot(name).tool])
def test_a_payload_is_where_both_engines_have_the_tool_link_s_centre(simulate: Simulate, name: str) -> None:
    tool = load_robot(name).tool
    assert tool is not None
    bullet, other = (simulate(name, engine).engine for engine in ("pybullet", "mujoco"))
    assert isinstance(bullet, BulletEngine)
    assert isinstance(other, MujocoEngine)
    info = pybullet.getDynamicsInfo(
        bullet._body, bullet._link_index[tool.link], physicsClientId=bullet._client
    )
    assert info[3] == pytest.approx(other._model.body(tool.link).ipos, abs=1e-6)


ROLLER = """<robot name="roller">
  <link name="footprint"/><link name="frame"/>
  <joint name="first" type="fixed"><parent link="footprint"/><child link="frame"/></joint>
  <joint name="second" type="fixed"><parent link="frame"/><child link="shell"/><origin xyz="0 0 0.1"/></joint>
  <link name="shell">
    <inertial><mass value="1"/>
      <inertia ixx="0.004" ixy="0" ixz="0" iyy="0.004" iyz="0" izz="0.004"/></inertial>
    <collision><geometry><sphere radius="0.1"/></geometry></collision>
  </link>
  <joint name="spin" type="continuous"><parent link="shell"/><child link="wheel"/><axis xyz="0 0 1"/></joint>
  <link name="wheel">
    <inertial><mass value="1"/>
      <inertia ixx="0.001" ixy="0" ixz="0" iyy="0.001" iyz="0" izz="0.001"/></inertial>
  </link>
</robot>"""


@pytest.mark.parametrize(("place", "merged"), [("0 0 0.001", True), ("0.3 0 0", False)])
def test_a_base_takes_in_what_leaves_its_centre(
    simulate: Simulate, ball: RobotSpec, place: str, merged: bool
) -> None:
    urdf = ball.urdf
    urdf.write_text(
        urdf.read_text().replace(
            "</robot>",
            f"""
      <link name="load">
        <inertial><mass value="1"/>
          <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.01" iyz="0" izz="0.01"/></inertial>
      </link>
      <joint name="strap" type="fixed">
        <parent link="shell"/><child link="load"/><origin xyz="{place}"/>
      </joint></robot>""",
        )
    )
    bullet, other = (
        simulate(ball, engine, "base_mass_offset: 2").engine for engine in ("pybullet", "mujoco")
    )
    assert isinstance(bullet, BulletEngine)
    assert isinstance(other, MujocoEngine)
    assert (pybullet.getNumJoints(bullet._body, physicsClientId=bullet._client) == 1) == merged
    center = pybullet.getDynamicsInfo(bullet._body, -1, physicsClientId=bullet._client)[3]
    assert center == pytest.approx(other._model.body("shell").ipos, abs=2e-3)


@pytest.mark.parametrize("ground", ["", "terrain_roughness: 0.01"])
def test_a_base_without_mass_of_its_own_falls(simulate: Simulate, ground: str, tmp_path: Path) -> None:
    """As ROS robots have it, whose tree begins with a frame on the ground."""
    urdf = tmp_path / "roller.urdf"
    urdf.write_text(ROLLER)
    joints = (Joint("spin", 0.0, -9.0, 9.0, 9.0, 1.0, 0.0, 0.0),)
    robot = simulate(RobotSpec("roller", urdf, joints, (0.0,), (0.0,), "floating", 1.0), "pybullet", ground)
    robot.step(40)
    assert robot.truth().world_velocity[2] == pytest.approx(-9.81 * 0.1, rel=0.05)


def fall(robot: SimulatedRobot) -> Array:
    """Joints of a robot that moves them at random, in the air where its base is free."""
    engine = robot.engine
    assert isinstance(engine, BulletEngine)
    if robot.spec.base == "floating":
        pose = [0.0, 0.0, 10.0], [0.0, 0.0, 0.0, 1.0]
        pybullet.resetBasePositionAndOrientation(engine._body, *pose, physicsClientId=engine._client)
    rng = np.random.default_rng(0)
    default = np.array([joint.default_position for joint in robot.spec.joints])
    positions = []
    for _ in range(20):
        robot.command(JointCommand.hold(default + rng.uniform(-0.2, 0.2, len(default))))
        robot.step(10)
        positions.append(engine.joint_position.copy())
    return np.array(positions)


@pytest.mark.parametrize("name", ROBOTS)
def test_a_robot_moves_as_with_all_its_links(
    simulate: Simulate, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged = simulate(name, "pybullet")
    monkeypatch.setattr(bullet_model, "merge_fixed_links", lambda root, keep: {})
    whole = simulate(name, "pybullet")
    links = [pybullet.getNumJoints(r.engine._body, physicsClientId=r.engine._client) for r in (merged, whole)]
    assert links[0] <= links[1]
    closed = bool(load_robot(name).loops)  # which Bullet holds together with soft constraints
    assert np.abs(fall(merged) - fall(whole)).max() < (3e-3 if closed else 1e-3)


@pytest.mark.parametrize("name", [name for name in ROBOTS if load_robot(name).base == "floating"])
def test_added_mass_is_where_the_base_link_s_own_is(simulate: Simulate, name: str) -> None:
    """A domain's payload goes to the merged base's centre; it may not be far from the base link's."""
    engine = simulate(name, "pybullet").engine
    whole = simulate(name, "pybullet", "terrain_roughness: 1.0e-9").engine  # there nothing is merged
    assert np.abs(engine._link_frame[:3] - whole._link_frame[:3]).max() < 2e-3
