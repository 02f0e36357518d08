"""Links that a fixed joint holds, made one with what holds them: the same bodies, fewer of them.

An engine's step costs time for each link, movable or not. A merged link has the mass, centre and
inertia of its parts and the shapes of all.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from contract.rotation import rpy_matrix
from contract.state import Array
from sim.robots.inertia import TENSOR, tensor
from sim.robots.transform import matrix_rpy, numbers, text

DRAWN = ("lateral_friction", "restitution")  # contact properties that a domain sets for the whole robot


@dataclass(frozen=True)
class Place:
    """A frame in a link: where its origin is, (3,) m, and how it is turned, (3, 3)."""

    link: str
    offset: Array
    rotation: Array


@dataclass
class _Body:
    """Mass (kg), centre (3,) m and inertia about it (3, 3) kg·m², in a link's frame."""

    mass: float
    center: Array
    inertia: Array


def merge_fixed_links(root: ElementTree.Element, keep: Collection[str]) -> dict[str, Place]:
    """Merge the links of a URDF, in place; visual shapes are dropped.

    Those named in `keep` neither vanish nor take others in, so their centre of mass stays as well. A link
    whose contacts the file makes softer or stickier is kept too: they are not those of other links' shapes.

    Returns:
        Where the frames of the links that are gone have got to.
    """
    places: dict[str, Place] = {}
    while (joint := next(_fixed(root, keep), None)) is not None:
        _merge(root, joint, places)
    return places


def weigh_base(root: ElementTree.Element, base: str, keep: Collection[str]) -> dict[str, Place]:
    """Merge what is fixed to a base without mass until it has some: Bullet would nail it to the world.

    Returns:
        As `merge_fixed_links`.
    """
    places: dict[str, Place] = {}
    link = root.find(f"link[@name='{base}']")
    assert link is not None
    while _body(link).mass == 0.0:
        joints = (joint for joint in _fixed(root, keep) if _end(joint, "parent").get("link") == base)
        if (joint := next(joints, None)) is None:
            break
        _merge(root, joint, places)
    return places


def center_of(root: ElementTree.Element, name: str) -> Array:
    """A link's centre of mass, (3,) m, in its frame."""
    link = root.find(f"link[@name='{name}']")
    assert link is not None
    return _body(link).center


def _merge(root: ElementTree.Element, joint: ElementTree.Element, places: dict[str, Place]) -> None:
    """Merge what a joint holds, and note in `places` where it has got to."""
    place = Place(_end(joint, "parent").get("link", ""), *_pose(joint.find("origin")))
    child = _end(joint, "child").get("link", "")
    _absorb(root, place, child)
    root.remove(joint)
    for name, known in places.items():
        places[name] = _moved(known, place, child)
    places[child] = place


def _fixed(root: ElementTree.Element, keep: Collection[str]) -> Iterator[ElementTree.Element]:
    """The fixed joints between links that may be merged."""
    kept = {*keep, *(link.get("name") for link in root.findall("link") if _contacts(link))}
    for joint in root.findall("joint"):
        ends = {_end(joint, which).get("link") for which in ("parent", "child")}
        if joint.get("type") == "fixed" and not ends & kept:
            yield joint


def _contacts(link: ElementTree.Element) -> bool:
    """Whether a link has contact properties that no domain sets."""
    return any(element.tag not in DRAWN for element in link.iterfind("contact/*"))


def _end(joint: ElementTree.Element, which: str) -> ElementTree.Element:
    element = joint.find(which)
    assert element is not None  # who reads a URDF has checked that
    return element


def _moved(known: Place, place: Place, child: str) -> Place:
    """A frame in `child`, told in what `child` has become a part of."""
    if known.link != child:
        return known
    return Place(place.link, place.offset + place.rotation @ known.offset, place.rotation @ known.rotation)


def _absorb(root: ElementTree.Element, place: Place, name: str) -> None:
    links = {link.get("name"): link for link in root.findall("link")}
    parent, child = links[place.link], links[name]
    _set_body(parent, _joined(_body(parent), _turned(_body(child), place)))
    for collision in child.findall("collision"):
        _move(collision, place)
        parent.append(collision)
    for visual in parent.findall("visual"):
        parent.remove(visual)
    for joint in root.findall("joint"):
        if _end(joint, "parent").get("link") == name:
            _end(joint, "parent").set("link", place.link)
            _move(joint, place)
    root.remove(child)


def _pose(origin: ElementTree.Element | None) -> tuple[Array, Array]:
    if origin is None:
        return np.zeros(3), np.eye(3)
    roll, pitch, yaw = numbers(origin.get("rpy", "0 0 0"))
    return numbers(origin.get("xyz", "0 0 0")), rpy_matrix((roll, pitch, yaw))


def _move(element: ElementTree.Element, place: Place) -> None:
    """Tell an element's origin in the parent's frame."""
    origin = element.find("origin")
    if origin is None:
        origin = ElementTree.SubElement(element, "origin")
    offset, rotation = _pose(origin)
    origin.set("xyz", text(place.offset + place.rotation @ offset))
    origin.set("rpy", text(matrix_rpy(place.rotation @ rotation)))


def _body(link: ElementTree.Element) -> _Body:
    inertial = link.find("inertial")
    mass = None if inertial is None else inertial.find("mass")
    inertia = None if inertial is None else inertial.find("inertia")
    if inertial is None or mass is None or inertia is None:
        return _Body(0.0, np.zeros(3), np.zeros((3, 3)))
    center, rotation = _pose(inertial.find("origin"))
    return _Body(float(mass.get("value", 0)), center, rotation @ tensor(inertia) @ rotation.T)


def _turned(body: _Body, place: Place) -> _Body:
    r = place.rotation
    return _Body(body.mass, place.offset + r @ body.center, r @ body.inertia @ r.T)


def _joined(a: _Body, b: _Body) -> _Body:
    mass = a.mass + b.mass
    if mass == 0.0:
        return a
    center = (a.mass * a.center + b.mass * b.center) / mass
    inertia = np.zeros((3, 3))
    for body in (a, b):
        d = body.center - center
        inertia += body.inertia + body.mass * (d @ d * np.eye(3) - np.outer(d, d))  # Steiner
    return _Body(mass, center, inertia)


def _set_body(link: ElementTree.Element, body: _Body) -> None:
    for inertial in link.findall("inertial"):
        link.remove(inertial)
    inertial = ElementTree.SubElement(link, "inertial")
    ElementTree.SubElement(inertial, "origin", xyz=text(body.center), rpy="0 0 0")
    ElementTree.SubElement(inertial, "mass", value=repr(body.mass))
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = body.inertia.tolist()
    moments = dict(zip(TENSOR, (xx, yy, zz, xy, xz, yz), strict=True))
    ElementTree.SubElement(inertial, "inertia", {name: repr(value) for name, value in moments.items()})
