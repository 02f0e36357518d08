"""The few facts of a URDF that the simulator needs outside an engine."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from contract.errors import TerrafirmaError, UnknownNameError
from contract.record import KinematicJoint
from sim.robots.mjcf import mjcf_to_urdf

Vector = tuple[float, float, float]
MOVABLE = ("revolute", "continuous", "prismatic")


@dataclass(frozen=True)
class UrdfJoint:
    """A joint that moves, as the file describes it; m and N instead of rad and N·m where it slides."""

    name: str
    kind: str
    parent: str
    child: str
    origin: KinematicJoint
    lower: float  # rad
    upper: float  # rad
    effort: float  # N·m
    velocity: float  # rad/s
    damping: float  # N·m·s/rad
    follows: str = ""  # the joint that it mimics


@dataclass(frozen=True)
class UrdfLink:
    """Mass (kg) and centre of mass (m, link frame)."""

    mass: float
    center: Vector


def read_description(path: Path) -> ElementTree.Element:
    """The URDF in a file, converted where it is MJCF.

    Raises:
        TerrafirmaError: not readable, or not a robot description.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError, ValueError, LookupError) as error:  # the last two: encodings
        raise TerrafirmaError(f"{path}: not a readable URDF ({error}).") from error
    if root.tag == "mujoco":
        return mjcf_to_urdf(root, path)
    if root.tag != "robot":
        raise TerrafirmaError(f"{path}: not a URDF: its root is <{root.tag}>, not <robot>.")
    return root


class Urdf:
    """Joints and links of a robot description by name; `root` where it has been read already."""

    def __init__(self, path: Path, root: ElementTree.Element | None = None) -> None:
        self.path = path
        root = read_description(path) if root is None else root
        self.joints = {j.name: j for j in map(_joint, root.findall("joint")) if j is not None}
        self.links = {element.get("name", ""): _link(element) for element in root.findall("link")}
        # child link: its parent, and where it is fixed to it
        self.fixed = {
            _end(element, "child"): (_end(element, "parent"), _origin(element))
            for element in root.findall("joint")
            if element.get("type") == "fixed"
        }
        if not self.joints:
            raise TerrafirmaError(f"{path}: has no joint of type {', '.join(MOVABLE)}.")
        children = {element.get("link") for element in root.iterfind("joint/child")}
        self.base = next(name for name in self.links if name not in children)

    def joint(self, name: str) -> UrdfJoint:
        """The joint called `name`; raises with the nearest match."""
        if name not in self.joints:
            raise UnknownNameError("joint", name, self.joints, str(self.path))
        return self.joints[name]


def _joint(element: ElementTree.Element) -> UrdfJoint | None:
    if element.get("type") not in MOVABLE:
        return None
    limit, dynamics, mimic = element.find("limit"), element.find("dynamics"), element.find("mimic")
    return UrdfJoint(
        name=element.get("name", ""),
        kind=element.get("type", ""),
        parent=_end(element, "parent"),
        child=_end(element, "child"),
        origin=_origin(element),
        lower=_number(limit, "lower", -3.14159),
        upper=_number(limit, "upper", 3.14159),
        effort=_number(limit, "effort", 0.0),
        velocity=_number(limit, "velocity", 0.0),
        damping=_number(dynamics, "damping", 0.0),
        follows="" if mimic is None else mimic.get("joint", ""),
    )


def _end(joint: ElementTree.Element, which: str) -> str:
    """The "parent" or "child" link of a joint."""
    element = joint.find(which)
    return "" if element is None else element.get("link", "")


def _origin(joint: ElementTree.Element) -> KinematicJoint:
    origin = joint.find("origin")
    return KinematicJoint(
        _vector(origin, "xyz", "0 0 0"),
        _vector(origin, "rpy", "0 0 0"),
        _vector(joint.find("axis"), "xyz", "1 0 0"),
    )


def _link(element: ElementTree.Element) -> UrdfLink:
    inertial = element.find("inertial")
    if inertial is None:
        return UrdfLink(0.0, (0.0, 0.0, 0.0))
    return UrdfLink(
        _number(inertial.find("mass"), "value", 0.0), _vector(inertial.find("origin"), "xyz", "0 0 0")
    )


def _number(element: ElementTree.Element | None, attribute: str, default: float) -> float:
    return default if element is None else float(element.get(attribute, default))


def _vector(element: ElementTree.Element | None, attribute: str, default: str) -> Vector:
    x, y, z = (default if element is None else element.get(attribute, default)).split()
    return float(x), float(y), float(z)
