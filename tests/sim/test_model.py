"""What a spec changes in its file is what the engines get."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contract.errors import TerrafirmaError, UnknownNameError
from contract.rotation import rpy_matrix
from sim.domains.domain import ENGINES, Domain
from sim.robots import ROBOTS, load_robot
from sim.robots.inertia import repair_inertias
from sim.robots.model import description, facts, resolve_mesh
from sim.robots.spec import Box
from sim.robots.transform import align_z, axis_matrix, matrix_rpy
from sim.robots.urdf import read_description
from sim.simulated_robot import SimulatedRobot

IIWA, LAIKAGO = load_robot("iiwa"), load_robot("laikago")
PICTURES = Path(__file__).parents[2] / "docs" / "images" / "robots"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_locked_joint_is_one_that_stays(engine: str) -> None:
    """The arm with its elbow locked has its tool where the whole arm has it at that angle."""
    tools = []
    elbow = IIWA.joints[3]
    rest = [i for i in range(7) if i != 3]
    locked = replace(
        IIWA,
        joints=tuple(IIWA.joints[i] for i in rest),
        joint_damping=tuple(IIWA.joint_damping[i] for i in rest),
        joint_armature=tuple(IIWA.joint_armature[i] for i in rest),
        locked=((elbow.name, elbow.default_position),),
    )
    for spec in (IIWA, locked):
        robot = SimulatedRobot(spec, Domain(engine))
        robot.reset()
        tools.append(robot.tool_position())
        robot.step(400)  # its controller carries the group behind the lock as well
        assert np.abs(robot.tool_position() - tools[-1]).max() < 1e-3
        robot.close()
    assert np.allclose(*tools, atol=1e-6)


def test_a_locked_finger_is_moved_along_its_axis() -> None:
    panda = load_robot("panda")
    opened = replace(panda, locked=tuple((name, 0.03) for name, _ in panda.locked))
    closed, open_ = (facts(spec).fixed["panda_leftfinger"][1].xyz for spec in (panda, opened))
    assert np.subtract(open_, closed) == pytest.approx([0.0, 0.03, 0.0])


def test_shapes_are_replaced_or_removed() -> None:
    root = description(replace(LAIKAGO, boxes=(Box("chassis", (0.1, 0.2, 0.3), (0.0, 0.0, 0.4)),)))
    links = {link.get("name"): link for link in root.findall("link")}
    (collision,) = links["chassis"].findall("collision")
    box, origin = collision.find("geometry/box"), collision.find("origin")
    assert box is not None
    assert origin is not None
    assert box.get("size") == "0.1 0.2 0.3"
    assert origin.get("xyz") == "0.0 0.0 0.4"
    assert not links["FR_upper_leg"].findall("collision")
    assert links["FR_upper_leg"].findall("visual")
    assert links["toeFR"].findall("collision")


def test_names_that_the_file_does_not_have() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown link 'FR_uper_leg'. Did you mean 'FR_upper_leg'"):
        description(replace(LAIKAGO, intangible=("FR_uper_leg",)))
    with pytest.raises(UnknownNameError, match="unknown joint 'finger'"):
        description(replace(LAIKAGO, locked=(("finger", 0.0),)))
    with pytest.raises(TerrafirmaError, match="neither actuated nor locked nor unactuated: lbr_iiwa_joint_7"):
        description(replace(IIWA, joints=IIWA.joints[:6]))


def test_links_without_mass_weigh_nothing_in_any_engine(tmp_path: Path) -> None:
    path = tmp_path / "robot.urdf"
    root = read_description(IIWA.urdf)
    ElementTree.SubElement(root, "link", name="tag")
    joint = ElementTree.SubElement(root, "joint", name="tagged", type="fixed")
    ElementTree.SubElement(joint, "parent", link="lbr_iiwa_link_7")
    ElementTree.SubElement(joint, "child", link="tag")
    for mesh in root.iter("mesh"):
        mesh.set("filename", str(resolve_mesh(mesh.get("filename", ""), IIWA.urdf)))
    ElementTree.ElementTree(root).write(path)
    for engine in ENGINES:
        sagged = []
        for spec in (IIWA, replace(IIWA, urdf=path)):
            robot = SimulatedRobot(replace(spec, gravity_compensated=False), Domain(engine))
            robot.reset()
            robot.step(800)
            sagged.append(robot.sense().joint_position)
            robot.close()
        assert np.abs(sagged[0] - sagged[1]).max() < 1e-6


def link(mass: float, *moments: float) -> ElementTree.Element:
    tensor = dict(zip(("ixx", "iyy", "izz"), map(str, moments), strict=True))
    inside = f"<inertial><mass value='{mass}'/></inertial>"
    root = ElementTree.fromstring(f"<robot><link name='a'>{inside}</link></robot>")
    ElementTree.SubElement(root[0][0], "inertia", tensor)
    return root


BALL = 0.4 * 10.0 * (3 * 10.0 / (4 * np.pi * 1000)) ** (2 / 3)  # kg·m², 10 kg of water


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ((1.0, 1.0, 1.9), (1.0, 1.0, 1.9)),
        ((1.0, 1.0, 2.0), (1.0, 1.0, 2.0)),  # a flat plate
        ((1.0, 1.0, 4.0), (2.0, 2.0, 2.0)),
        ((0.0, 0.0, 0.0), (BALL, BALL, BALL)),
        ((-1.0, 2.0, 2.0), (BALL, BALL, BALL)),
        ((1e6, 1e6, 1e6), (BALL, BALL, BALL)),  # g·mm² taken for kg·m²
    ],
)
def test_impossible_inertias(moments: tuple[float, ...], expected: tuple[float, ...]) -> None:
    root = link(10.0, *moments)
    done = repair_inertias(root)
    inertia = root.find("link/inertial/inertia")
    assert inertia is not None
    assert [float(inertia.get(name, "nan")) for name in ("ixx", "iyy", "izz")] == pytest.approx(expected)
    assert len(done) == (moments != expected)
    assert not repair_inertias(root)  # what was repaired is possible


def test_rotations_come_back() -> None:
    rng = np.random.default_rng(0)
    for roll, pitch, yaw in [*rng.uniform(-1.5, 1.5, (20, 3)), (0.3, np.pi / 2, 0.2), (0.3, -np.pi / 2, 0.2)]:
        matrix = rpy_matrix((roll, pitch, yaw))
        assert np.allclose(rpy_matrix(matrix_rpy(matrix)), matrix, atol=1e-7)
    for axis in rng.normal(size=(10, 3)):
        assert np.allclose(rpy_matrix(align_z(axis))[:, 2], axis / np.linalg.norm(axis))
        assert np.allclose(axis_matrix(axis, 0.7) @ axis, axis)
        assert np.trace(axis_matrix(axis, 0.7)) == pytest.approx(1 + 2 * np.cos(0.7))


@pytest.mark.parametrize("name", ROBOTS)
def test_every_robot_has_a_small_picture(name: str) -> None:
    assert 5_000 < (PICTURES / f"{name}.jpg").stat().st_size < 60_000
