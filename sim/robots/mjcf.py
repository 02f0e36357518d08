"""MJCF to URDF, for the subset that the classic walkers and arms are written in.

Neither engine's own reader will do. Bullet's ignores densities, armature and motors; MuJoCo's refuses
the files' global coordinates and incomplete inertials. So the file is read once, here, and both
engines load the URDF that comes out. Shapes are spheres and capsules, bodies do not turn against
their parents, and a body has one hinge or none. Sliding and turning joints of the robot's root are
left out: they make a planar base, which `RobotSpec.base` stands for. Springs are left out too: a
robot's position gains take their place.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contract.errors import TerrafirmaError, UnknownNameError
from contract.state import Array
from sim.robots.shapes import Capsule, inertial
from sim.robots.transform import axis_matrix, numbers, text

MAX_VELOCITY = 20.0  # rad/s; MJCF has no speed limits
WATER = "1000"  # kg/m³, MJCF's default density
ROOT_JOINTS = ("ignore", "root", "free")  # prefixes of the joints that hold a planar or free base


@dataclass(frozen=True)
class _File:
    """What of a file applies to all of its bodies."""

    path: Path
    root: ElementTree.Element
    is_global: bool  # positions are in the world, not in the parent body
    degree: float  # rad, of the file's unit of angles
    inertia_from_geom: bool  # masses come from the shapes, whatever a body says

    def default(self, element: ElementTree.Element, attribute: str, otherwise: str) -> str:
        """An attribute, the file's default for it, or MJCF's."""
        shared = self.root.find(f"default/{element.tag}")
        fallback = otherwise if shared is None else shared.get(attribute, otherwise)
        return element.get(attribute, fallback)

    def refuse(self, element: ElementTree.Element, why: str) -> TerrafirmaError:
        return TerrafirmaError(f"{self.path}: {element.tag} {element.get('name')!r}: {why}.")


def mjcf_to_urdf(root: ElementTree.Element, path: Path) -> ElementTree.Element:
    """The URDF of the first body in the world of an MJCF file; the others are taken for objects.

    Raises:
        TerrafirmaError: an element outside the subset, by name.
    """
    compiler = root.find("compiler")
    options = {} if compiler is None else compiler.attrib
    # without angle="radian" MJCF means degrees
    degree = 1.0 if options.get("angle") == "radian" else np.pi / 180
    from_geom = options.get("inertiafromgeom") == "true"
    file = _File(path, root, options.get("coordinate") == "global", degree, from_geom)
    body = root.find("worldbody/body")
    if body is None:
        raise TerrafirmaError(f"{path}: its world has no body.")
    urdf = ElementTree.Element("robot", name=root.get("model", path.stem))
    _add_body(urdf, file, body, None, np.zeros(3))
    if "settotalmass" in options:
        masses = [*urdf.iterfind("link/inertial/mass")]
        scale_masses(urdf, float(options["settotalmass"]) / sum(float(m.get("value", 0)) for m in masses))
    return urdf


def scale_masses(urdf: ElementTree.Element, factor: float) -> None:
    """Multiply every mass and inertia of a URDF."""
    for element in [*urdf.iterfind("link/inertial/mass"), *urdf.iterfind("link/inertial/inertia")]:
        for name, value in element.attrib.items():
            element.set(name, repr(float(value) * factor))


def _add_body(
    urdf: ElementTree.Element, file: _File, body: ElementTree.Element, parent: str | None, origin: Array
) -> None:
    """Add `body` and its children; `origin` is the parent link's frame in the body's coordinates."""
    for attribute in ("quat", "axisangle", "euler", "xyaxes", "zaxis"):
        if attribute in body.attrib:
            raise file.refuse(body, f"{attribute}: bodies must not turn against their parents")
    if body.find("inertial") is not None and not file.inertia_from_geom:
        raise file.refuse(
            body, 'inertial: only files with inertiafromgeom="true" can have it, which ignore it'
        )
    name = body.get("name", "")
    position = numbers(body.get("pos", "0 0 0")) - (0.0 if file.is_global else origin)
    hinges = [j for j in body.findall("joint") if not j.get("name", "").startswith(ROOT_JOINTS)]
    if len(hinges) > 1:
        raise file.refuse(body, "has more than one hinge")
    anchor = numbers(hinges[0].get("pos", "0 0 0")) if hinges else np.zeros(3)
    shapes = [_shape(file, geom) for geom in body.findall("geom")]
    if file.is_global:  # no body frames at all: the link's frame is put at its hinge
        frame = anchor if hinges else _planar_center(shapes)
        step, inside = frame - origin, frame
    else:
        step, inside = position + anchor, anchor
    shapes = [_moved(shape, -inside) for shape in shapes]
    if parent is None and hinges:
        parent = _add_pedestal(urdf)
        step = np.array([0.0, 0.0, -min(shape.lowest for shape in shapes)])
    _add_link(urdf, name, shapes)
    if parent is not None:
        _add_joint(urdf, file, hinges[0] if hinges else None, (parent, name), step)
    for child in body.findall("body"):
        _add_body(urdf, file, child, name, frame if file.is_global else inside)


def _planar_center(shapes: list[Capsule]) -> Array:
    return np.asarray(np.mean([shape.center for shape in shapes], axis=0))


def _add_pedestal(urdf: ElementTree.Element) -> str:
    """A base on the ground for a robot whose first body already moves."""
    _add_link(urdf, "base", [])
    return "base"


def _add_link(urdf: ElementTree.Element, name: str, shapes: list[Capsule]) -> None:
    link = ElementTree.SubElement(urdf, "link", name=name)
    link.append(inertial(shapes))
    for kind in ("visual", "collision"):
        link.extend([shape.geometry(kind) for shape in shapes])


def _add_joint(
    urdf: ElementTree.Element,
    file: _File,
    hinge: ElementTree.Element | None,
    links: tuple[str, str],
    origin: Array,
) -> None:
    kind = "fixed" if hinge is None else "revolute"
    name = f"{links[1]}_fixed" if hinge is None else hinge.get("name", "")
    joint = ElementTree.SubElement(urdf, "joint", name=name, type=kind)
    ElementTree.SubElement(joint, "parent", link=links[0])
    ElementTree.SubElement(joint, "child", link=links[1])
    ElementTree.SubElement(joint, "origin", xyz=text(origin), rpy="0 0 0")
    if hinge is None:
        return
    if hinge.get("type", "hinge") != "hinge":
        raise file.refuse(hinge, f"type {hinge.get('type')!r}; only hinges can be read")
    axis = numbers(hinge.get("axis", "0 0 1"))
    lower, upper = numbers(hinge.get("range", "-180 180")) * file.degree
    ElementTree.SubElement(joint, "axis", xyz=text(axis / np.linalg.norm(axis)))
    limit = {"lower": lower, "upper": upper, "effort": _effort(file, name), "velocity": MAX_VELOCITY}
    ElementTree.SubElement(joint, "limit", {key: repr(float(value)) for key, value in limit.items()})
    ElementTree.SubElement(joint, "dynamics", damping=file.default(hinge, "damping", "0"), friction="0")


def _effort(file: _File, joint: str) -> float:
    """N·m that the joint's motor can give: its gear times the end of its control range."""
    motors = {motor.get("joint", ""): motor for motor in file.root.iterfind("actuator/motor")}
    if joint not in motors:
        raise UnknownNameError("motor of joint", joint, motors, str(file.path))
    motor = motors[joint]
    gear = float(file.default(motor, "gear", "1").split()[0])
    return gear * float(file.default(motor, "ctrlrange", "-1 1").split()[1])


def _shape(file: _File, geom: ElementTree.Element) -> Capsule:
    kind = file.default(geom, "type", "sphere")
    if kind not in ("sphere", "capsule"):
        raise file.refuse(geom, f"type {kind!r}; only spheres and capsules can be read")
    for attribute in ("mass", "quat", "euler", "xyaxes", "zaxis"):
        if attribute in geom.attrib:
            raise file.refuse(geom, f"{attribute} of a geom cannot be read")
    size = numbers(file.default(geom, "size", "0"))
    center, half = numbers(geom.get("pos", "0 0 0")), np.zeros(3)
    if kind == "capsule" and "fromto" in geom.attrib:
        start, end = numbers(geom.get("fromto", "")).reshape(2, 3)
        center, half = (start + end) / 2, (end - start) / 2
    elif kind == "capsule":
        turn = numbers(geom.get("axisangle", "0 0 1 0"))
        half = axis_matrix(turn[:3], float(turn[3]) * file.degree) @ [0.0, 0.0, float(size[1])]
    density, colour = (
        file.default(geom, "density", WATER),
        file.default(geom, "rgba", "0.5 0.5 0.5 1"),
    )
    return Capsule(center - half, center + half, float(size[0]), float(density), colour)


def _moved(shape: Capsule, by: Array) -> Capsule:
    return Capsule(shape.start + by, shape.end + by, shape.radius, shape.density, shape.colour)
