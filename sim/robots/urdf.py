"""The few facts of a URDF that the simulator needs outside an engine."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from contract.errors import TerrafirmaError, UnknownNameError
from contract.record import KinematicJoint

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class UrdfJoint:
    """A revolute joint as the file describes it."""

    name: str
    child: str
    origin: KinematicJoint
    lower: float  # rad
    upper: float  # rad
    effort: float  # N·m
    velocity: float  # rad/s
    damping: float  # N·m·s/rad


@dataclass(frozen=True)
class UrdfLink:
    """Mass (kg) and centre of mass (m, link frame)."""

    mass: float
    center: Vector


class Urdf:
    """Joints and links of a URDF file by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            root = ElementTree.parse(path).getroot()
        except (OSError, ElementTree.ParseError) as error:
            raise TerrafirmaError(f"{path}: not a readable URDF ({error}).") from error
        movable = ("revolute", "continuous")
        self.joints = {j.name: j for j in map(_joint, root.iter("joint")) if j is not None}
        self.links = {element.get("name", ""): _link(element) for element in root.findall("link")}
        children = {element.get("link") for element in root.iterfind("joint/child")}
        self.base = next(name for name in self.links if name not in children)
        if not self.joints:
            raise TerrafirmaError(f"{path}: has no joint of type {' or '.join(movable)}.")

    def joint(self, name: str) -> UrdfJoint:
        """The joint called `name`; raises with the nearest match."""
        if name not in self.joints:
            raise UnknownNameError("joint", name, self.joints, str(self.path))
        return self.joints[name]


def _joint(element: ElementTree.Element) -> UrdfJoint | None:
    if element.get("type") not in ("revolute", "continuous"):
        return None
    origin, axis = element.find("origin"), element.find("axis")
    limit, dynamics, child = element.find("limit"), element.find("dynamics"), element.find("child")
    return UrdfJoint(
        name=element.get("name", ""),
        child=child.get("link", "") if child is not None else "",
        origin=KinematicJoint(
            _vector(origin, "xyz", "0 0 0"), _vector(origin, "rpy", "0 0 0"), _vector(axis, "xyz", "1 0 0")
        ),
        lower=_number(limit, "lower", -3.14159),
        upper=_number(limit, "upper", 3.14159),
        effort=_number(limit, "effort", 0.0),
        velocity=_number(limit, "velocity", 0.0),
        damping=_number(dynamics, "damping", 0.0),
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
