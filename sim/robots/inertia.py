"""Inertias that no body can have, as many URDFs contain them, made possible in the same way for all engines.

Bullet sets such an inertia to zero, which torque control cannot bear; MuJoCo refuses it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np

from contract.state import Array

TENSOR = ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")
WATER = 1000.0  # kg/m³
GYRATION = (1e-4, 10.0)  # m, radii beyond which a link's inertia is a slip of units
ROUNDING = 1e-6  # of the largest moment; files give few digits


def repair_inertias(root: ElementTree.Element) -> list[str]:
    """Replace impossible inertias of a URDF; returns what was done, one sentence a link.

    A body's largest principal moment is at most the sum of the others. Where a file has more, all three
    become their mean, as with MuJoCo's `balanceinertia`. Where it has none, or one of a body
    too small or too large to be meant, those of a ball of water of the link's mass are taken.
    """
    done = []
    for link in root.findall("link"):
        inertia, mass = link.find("inertial/inertia"), link.find("inertial/mass")
        weight = 0.0 if mass is None else float(mass.get("value", 0))
        if weight == 0.0:
            continue
        if inertia is None:
            inertia = ElementTree.SubElement(link.findall("inertial")[0], "inertia")
        moments = np.linalg.eigvalsh(tensor(inertia))
        slack = ROUNDING * moments[2]
        low, high = (weight * radius**2 for radius in GYRATION)
        sized = low <= moments[0] and moments[2] <= high
        if sized and moments[2] <= moments[0] + moments[1] + slack:
            continue
        if sized:
            value, why = float(moments.mean()), "the largest principal moment is above the sum of the others"
        else:
            radius = (3.0 * weight / (4.0 * np.pi * WATER)) ** (1 / 3)
            value, why = (
                float(0.4 * weight * radius**2),
                "its principal moments are not those of a body between 0.1 mm and 10 m",
            )
        for name in TENSOR:
            inertia.set(name, repr(value) if name in TENSOR[:3] else "0")
        done.append(f"link {link.get('name')}: inertia {value:.3g} kg·m² about every axis, because {why}")
    return done


def set_inertias_from_shapes(root: ElementTree.Element) -> None:
    """Give every link with mass the inertia of its first box or cylinder, evenly filled."""
    for link in root.findall("link"):
        mass, inertia = link.find("inertial/mass"), link.find("inertial/inertia")
        if mass is None or inertia is None:
            continue
        shape = _first_shape(link)
        if shape is None:
            continue
        if shape.tag == "box":
            x, y, z = (float(edge) ** 2 / 12 for edge in shape.get("size", "").split())
            moments = y + z, x + z, x + y
        else:
            radius, length = float(shape.get("radius", 0)), float(shape.get("length", 0))
            across = radius**2 / 4 + length**2 / 12
            moments = across, across, radius**2 / 2
        for name, value in zip(TENSOR[:3], moments, strict=True):
            inertia.set(name, repr(float(mass.get("value", 0)) * value))


def _first_shape(link: ElementTree.Element) -> ElementTree.Element | None:
    for kind in ("collision", "visual"):
        for geometry in link.iterfind(f"{kind}/geometry"):
            for shape in geometry:
                if shape.tag in ("box", "cylinder"):
                    return shape
    return None


def tensor(inertia: ElementTree.Element) -> Array:
    """The matrix (3, 3) kg·m² of an <inertia> element."""
    xx, yy, zz, xy, xz, yz = (float(inertia.get(name, 0)) for name in TENSOR)
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
