"""The one model that both engines load: a robot's URDF with what its `RobotSpec` changes in it.

Mesh paths become absolute, `package://` ones too. Locked joints become fixed ones, boxes replace
collision shapes, and intangible links lose theirs. Everything else stays as the file has it.
"""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from contract.errors import TerrafirmaError, UnknownNameError
from contract.rotation import rpy_matrix
from contract.state import Array
from sim.robots.inertia import TENSOR, repair_inertias, set_inertias_from_shapes
from sim.robots.mjcf import scale_masses
from sim.robots.spec import Box, RobotSpec
from sim.robots.transform import axis_matrix, matrix_rpy, numbers, text
from sim.robots.urdf import MOVABLE, Urdf, read_description

PLANAR_JOINTS = ("planar_x", "planar_z", "planar_pitch")
PLANAR_MASS = 1e-6  # kg; Bullet divides by the mass of every moving link


def description(robot: RobotSpec) -> ElementTree.Element:
    """The URDF as the engines get it.

    Raises:
        TerrafirmaError: a mesh that does not exist, or a joint that the spec leaves undecided.
        UnknownNameError: a name in the spec that the file does not have.
    """
    root = read_description(robot.urdf)
    for mesh in root.iter("mesh"):
        mesh.set("filename", str(resolve_mesh(mesh.get("filename", ""), robot.urdf)))
    links = {link.get("name", ""): link for link in root.findall("link")}
    for link in links.values():
        _complete(link)
    if robot.inertia_from_shapes:
        set_inertias_from_shapes(root)
    repair_inertias(root)
    for box in robot.boxes:
        _replace_shapes(_named("link", box.link, links, robot.urdf), box)
    for name in robot.intangible:
        _remove_shapes(_named("link", name, links, robot.urdf))
    joints = {joint.get("name", ""): joint for joint in root.findall("joint")}
    for name, position in robot.locked:
        _lock(_named("joint", name, joints, robot.urdf), position)
    _check_decided(robot, joints)
    if robot.mass_scale != 1.0:
        scale_masses(root, robot.mass_scale)
    return root


def facts(robot: RobotSpec) -> Urdf:
    """Joints and links of the robot as the engines get it."""
    return Urdf(robot.urdf, description(robot))


@contextmanager
def model_file(robot: RobotSpec, planar_joints: bool = True) -> Iterator[Path]:
    """`description` as a file, which is gone afterwards.

    `planar_joints`: write those of a planar base into it, between the world and the base.
    """
    root = description(robot)
    # for MuJoCo, which would drop the folders of meshes otherwise
    ElementTree.SubElement(ElementTree.SubElement(root, "mujoco"), "compiler", strippath="false")
    if robot.base == "planar" and planar_joints:
        _add_planar_joints(root, base_link(root))
    ElementTree.indent(root)  # Bullet reads lines of up to 1023 characters
    with tempfile.TemporaryDirectory(prefix="terrafirma-") as folder:
        path = Path(folder) / f"{robot.urdf.stem}.urdf"
        path.write_text(ElementTree.tostring(root, encoding="unicode"), encoding="utf-8")
        yield path


def base_link(root: ElementTree.Element) -> str:
    """The link that is no joint's child."""
    children = {element.get("link") for element in root.iterfind("joint/child")}
    return next(link.get("name", "") for link in root.findall("link") if link.get("name") not in children)


def resolve_mesh(name: str, urdf: Path) -> Path:
    """A mesh's absolute path; `package://name/rest` is looked for beside and above the URDF.

    Raises:
        TerrafirmaError: no such file, with all the places tried.
    """
    bare = name.removeprefix("file://")
    tried = [urdf.parent / bare]
    if name.startswith("package:"):
        inner = Path(name.removeprefix("package:").lstrip("/"))
        parts = [inner, Path(*inner.parts[1:])]  # with the package's name, and without
        tried = [folder / part for folder in urdf.absolute().parents[:4] for part in parts]
    for path in tried:
        if path.is_file():
            return path.absolute()
    places = ", ".join(str(path) for path in tried)
    raise TerrafirmaError(f"{urdf}: mesh {name!r} does not exist; tried {places}.")


def _named(kind: str, name: str, elements: dict[str, ElementTree.Element], urdf: Path) -> ElementTree.Element:
    if name not in elements:
        raise UnknownNameError(kind, name, elements, str(urdf))
    return elements[name]


def _remove_shapes(link: ElementTree.Element) -> None:
    for collision in link.findall("collision"):
        link.remove(collision)


def _replace_shapes(link: ElementTree.Element, box: Box) -> None:
    _remove_shapes(link)
    collision = ElementTree.SubElement(link, "collision")
    ElementTree.SubElement(collision, "origin", xyz=text(box.center), rpy="0 0 0")
    geometry = ElementTree.SubElement(collision, "geometry")
    ElementTree.SubElement(geometry, "box", size=text(box.size))


def _complete(link: ElementTree.Element) -> None:
    """A link without mass gets an inertial of nothing: Bullet would give it 1 kg and 1 kg·m²."""
    mass = link.find("inertial/mass")
    if mass is not None and float(mass.get("value", 0)) != 0.0:
        return
    for inertial in link.findall("inertial"):
        link.remove(inertial)
    inertial = ElementTree.SubElement(link, "inertial")
    ElementTree.SubElement(inertial, "mass", value="0")
    ElementTree.SubElement(inertial, "inertia", dict.fromkeys(TENSOR, "0"))


def _lock(joint: ElementTree.Element, position: float) -> None:
    origin, axis = joint.find("origin"), joint.find("axis")
    xyz, rpy = _numbers(origin, "xyz", "0 0 0"), _numbers(origin, "rpy", "0 0 0")
    along = _numbers(axis, "xyz", "1 0 0")
    if position != 0.0:
        rotation = rpy_matrix((rpy[0], rpy[1], rpy[2]))
        if joint.get("type") == "prismatic":
            xyz = xyz + rotation @ along * position
        else:
            rpy = np.array(matrix_rpy(rotation @ axis_matrix(along / np.linalg.norm(along), position)))
    if origin is None:
        origin = ElementTree.SubElement(joint, "origin")
    origin.set("xyz", text(xyz))
    origin.set("rpy", text(rpy))
    joint.set("type", "fixed")
    for tag in ("axis", "limit", "mimic"):
        for element in joint.findall(tag):
            joint.remove(element)


def _check_decided(robot: RobotSpec, joints: dict[str, ElementTree.Element]) -> None:
    movable = {name for name, joint in joints.items() if joint.get("type") in MOVABLE}
    decided = {joint.name for joint in robot.joints} | {name for name, _ in robot.unactuated}
    if undecided := sorted(movable - decided):
        raise TerrafirmaError(
            f"{robot.urdf}: {robot.name} has joints that are neither actuated nor locked nor unactuated: "
            f"{', '.join(undecided)}."
        )


def _add_planar_joints(root: ElementTree.Element, base: str) -> None:
    """world -x-> link -z-> link -pitch-> base, with next to no mass in between."""
    names = ["planar_anchor", "planar_x_link", "planar_z_link"]
    for name in names:
        inertial = ElementTree.SubElement(ElementTree.SubElement(root, "link", name=name), "inertial")
        ElementTree.SubElement(inertial, "mass", value=str(PLANAR_MASS))
        diagonal = dict.fromkeys(TENSOR[:3], str(PLANAR_MASS))
        ElementTree.SubElement(inertial, "inertia", diagonal | dict.fromkeys(TENSOR[3:], "0"))
    axes = (("prismatic", "1 0 0"), ("prismatic", "0 0 1"), ("continuous", "0 1 0"))
    for joint, parent, child, (kind, axis) in zip(
        PLANAR_JOINTS, names, [*names[1:], base], axes, strict=True
    ):
        element = ElementTree.SubElement(root, "joint", name=joint, type=kind)
        ElementTree.SubElement(element, "parent", link=parent)
        ElementTree.SubElement(element, "child", link=child)
        ElementTree.SubElement(element, "axis", xyz=axis)
        # upper below lower is Bullet's way of saying unlimited
        ElementTree.SubElement(element, "limit", lower="0", upper="-1", effort="0", velocity="0")


def _numbers(element: ElementTree.Element | None, attribute: str, default: str) -> Array:
    return numbers(default if element is None else element.get(attribute, default))
