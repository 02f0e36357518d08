"""MJCF files become the URDF that MuJoCo would have made of them, or are refused by name."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import mujoco
import numpy as np
import pybullet_data
import pytest

from contract.errors import TerrafirmaError
from sim.robots import load_robot
from sim.robots.model import description
from sim.robots.urdf import Urdf, read_description

MJCF = Path(pybullet_data.getDataPath()) / "mjcf"


def compiled(urdf_or_mjcf: str) -> mujoco.MjModel:
    spec = mujoco.MjSpec.from_string(urdf_or_mjcf)
    spec.compiler.fusestatic = False
    return spec.compile()


@pytest.mark.parametrize("name", ["ant", "pusher"])
def test_masses_and_inertias_are_mujoco_s_own(name: str) -> None:
    """Those of the two files that MuJoCo still reads, moved to what both call a body."""
    original = mujoco.MjModel.from_xml_path(str(MJCF / f"{name}.xml"))
    converted = compiled(ElementTree.tostring(read_description(MJCF / f"{name}.xml"), encoding="unicode"))
    for i in range(1, converted.nbody):
        body = converted.body(i).name
        if body == "base":
            continue
        theirs, ours = original.body(body), converted.body(i)
        assert ours.mass == pytest.approx(theirs.mass, rel=1e-9)
        assert np.allclose(np.sort(ours.inertia), np.sort(theirs.inertia), rtol=1e-6, atol=1e-12)
        assert np.allclose(ours.ipos, theirs.ipos, atol=1e-9)
        if body != "shoulder_pan_link":  # which stands on the ground here
            assert np.allclose(ours.pos, theirs.pos if i > 1 else 0.0, atol=1e-9)
    for joint in range(converted.njnt):
        name = converted.joint(joint).name
        assert np.allclose(converted.joint(joint).range, original.joint(name).range)
        assert np.allclose(converted.joint(joint).axis, original.joint(name).axis)


def test_global_coordinates_put_links_at_their_hinges() -> None:
    urdf = Urdf(MJCF / "hopper.xml")
    heights = [urdf.joint(name).origin.xyz[2] for name in ("thigh_joint", "leg_joint", "foot_joint")]
    assert heights == pytest.approx([1.05 - 1.25, 0.6 - 1.05, 0.1 - 0.6])
    assert urdf.links["foot"].center == pytest.approx((0.065, 0.0, 0.0))
    assert sum(link.mass for link in urdf.links.values()) == pytest.approx(15.820, abs=1e-3)


def test_a_total_mass_is_kept() -> None:
    masses = [link.mass for link in Urdf(MJCF / "half_cheetah.xml").links.values()]
    assert sum(masses) == pytest.approx(14.0)


def test_torques_are_gears_times_control_range() -> None:
    urdf = Urdf(MJCF / "half_cheetah.xml")
    assert [urdf.joint(name).effort for name in ("bthigh", "ffoot")] == [120.0, 30.0]
    assert Urdf(MJCF / "pusher.xml").joint("wrist_flex_joint").effort == 2.0


def test_a_heavier_copy() -> None:
    file, robot = Urdf(MJCF / "ant.xml"), load_robot("ant")
    scaled = Urdf(robot.urdf, description(robot))
    assert scaled.links["torso"].mass == pytest.approx(robot.mass_scale * file.links["torso"].mass)


BODY = "<mujoco><worldbody><body name='a'>{}</body></worldbody></mujoco>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<mujoco/>", "its world has no body"),
        (BODY.format("<geom name='g' type='box' size='1 1 1'/>"), "geom 'g': type 'box'; only spheres"),
        (BODY.format("<body name='b' euler='0 0 1'/>"), "body 'b': euler: bodies must not turn"),
        (BODY.format("<geom size='1'/><joint name='j' type='ball'/>"), "unknown motor|type 'ball'"),
        (
            BODY.format("<geom size='1'/><joint name='j'/><joint name='k'/>"),
            "body 'a': has more than one hinge",
        ),
        (BODY.format("<geom size='1'/><joint name='j'/>"), "unknown motor of joint 'j'"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "robot.xml"
    path.write_text(text)
    with pytest.raises(TerrafirmaError, match=message):
        Urdf(path)
