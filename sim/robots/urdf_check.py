"""Whether a URDF of unknown origin describes one robot that both engines can simulate."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from contract.errors import TerrafirmaError, UnknownNameError
from sim.robots.chain import rigid_group
from sim.robots.urdf import MOVABLE, Urdf, read_description

MAX_JOINTS = 300
MAX_MASS = 1e5  # kg, of a link
NUMBERS = {  # element: its attributes and how many numbers each has
    "origin": {"xyz": 3, "rpy": 3},
    "axis": {"xyz": 3},
    "limit": {"lower": 1, "upper": 1, "effort": 1, "velocity": 1},
    "dynamics": {"damping": 1, "friction": 1},
    "mass": {"value": 1},
    "box": {"size": 3},
    "sphere": {"radius": 1},
    "cylinder": {"radius": 1, "length": 1},
    "capsule": {"radius": 1, "length": 1},
    "inertia": dict.fromkeys(("ixx", "iyy", "izz", "ixy", "ixz", "iyz"), 1),
}


def checked_urdf(path: Path) -> Urdf:
    """Read and check a URDF.

    Raises:
        TerrafirmaError: the link or joint that is wrong, its value, and what would be right.
    """
    if not path.is_file():
        raise TerrafirmaError(f"{path}: no such file.")
    root = read_description(path)
    links, joints = root.findall("link"), root.findall("joint")
    for kind, elements in (("link", links), ("joint", joints)):
        _check_names(kind, elements, path)
        for element in elements:
            _check_numbers(element, f"{path}: {kind} {element.get('name')!r}")
    if len(joints) > MAX_JOINTS:
        raise TerrafirmaError(f"{path}: {len(joints)} joints; at most {MAX_JOINTS} can be simulated.")
    names = [link.get("name", "") for link in links]
    for joint in joints:
        _check_joint(joint, names, f"{path}: joint {joint.get('name')!r}")
    _check_tree(joints, names, path)
    urdf = Urdf(path, root)
    for moving in urdf.joints.values():
        if not rigid_group(urdf, moving.child).mass > 0.0:
            raise TerrafirmaError(
                f"{path}: link {moving.child!r} moves with joint {moving.name!r}, but neither it nor what is "
                "fixed to it has a mass above 0 kg; give it an <inertial>."
            )
    return urdf


def _check_names(kind: str, elements: list[ElementTree.Element], path: Path) -> None:
    names = [element.get("name", "") for element in elements]
    if not all(names):
        raise TerrafirmaError(f"{path}: a {kind} has no name.")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise TerrafirmaError(f"{path}: {kind} names must be unique; repeated: {', '.join(repeated)}.")


def _check_numbers(element: ElementTree.Element, where: str) -> None:
    for part in element.iter():
        for attribute, count in NUMBERS.get(part.tag, {}).items():
            value = part.get(attribute)
            if value is None:
                continue
            try:
                numbers = [float(word) for word in value.split()]
            except ValueError:
                numbers = []
            if len(numbers) != count or not all(map(math.isfinite, numbers)):
                wanted = "a finite number" if count == 1 else f"{count} finite numbers"
                raise TerrafirmaError(f"{where}: {part.tag} {attribute}={value!r}: expected {wanted}.")
    mass, dynamics = element.find("inertial/mass"), element.find("dynamics")
    if mass is not None and not 0.0 <= float(mass.get("value", 0)) <= MAX_MASS:
        raise TerrafirmaError(f"{where}: mass {mass.get('value')} kg is not between 0 and {MAX_MASS:g} kg.")
    if dynamics is not None and float(dynamics.get("damping", 0)) < 0.0:
        raise TerrafirmaError(f"{where}: dynamics damping={dynamics.get('damping')!r} is negative.")


def _check_joint(joint: ElementTree.Element, links: list[str], where: str) -> None:
    valid = (*MOVABLE, "fixed")
    if joint.get("type") not in valid:
        raise UnknownNameError("joint type", joint.get("type"), valid, where)
    for end in ("parent", "child"):
        element = joint.find(end)
        name = None if element is None else element.get("link")
        if name not in links:
            raise UnknownNameError(f"{end} link", name, links, where)
    limit = joint.find("limit")
    if joint.get("type") in ("revolute", "prismatic") and limit is not None:
        lower, upper = (float(limit.get(end, 0)) for end in ("lower", "upper"))
        if min(float(limit.get(name, 0)) for name in ("effort", "velocity")) < 0.0:
            raise TerrafirmaError(f"{where}: limit effort and velocity must not be negative.")
        if lower > upper:
            raise TerrafirmaError(f"{where}: limit lower={lower:g} is above upper={upper:g}.")
    axis = joint.find("axis")
    turns = joint.get("type") != "fixed"
    if turns and axis is not None and not any(map(float, axis.get("xyz", "1").split())):
        raise TerrafirmaError(f"{where}: axis xyz={axis.get('xyz')!r} points nowhere.")


def _check_tree(joints: list[ElementTree.Element], links: list[str], path: Path) -> None:
    parents: dict[str, str] = {}
    for joint in joints:
        child, parent = joint.find("child"), joint.find("parent")
        assert child is not None
        assert parent is not None
        name = child.get("link", "")
        if name in parents:
            raise TerrafirmaError(f"{path}: link {name!r} is the child of two joints; a URDF is a tree.")
        parents[name] = parent.get("link", "")
    roots = [name for name in links if name not in parents]
    if len(roots) != 1:
        raise TerrafirmaError(f"{path}: needs one link that is no joint's child, has {roots or 'none'}.")
    for name in links:
        seen = {name}
        while name in parents:
            name = parents[name]
            if name in seen:
                raise TerrafirmaError(f"{path}: link {name!r} is its own ancestor; a URDF is a tree.")
            seen.add(name)
