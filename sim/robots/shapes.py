"""Spheres and capsules with the mass of their volume, as MJCF files build robots from them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.state import Array
from sim.robots.transform import align_z, matrix_rpy, text


@dataclass(frozen=True)
class Capsule:
    """All points within `radius` (m) of the line from `start` to `end` (3,) m; a sphere where they meet."""

    start: Array
    end: Array
    radius: float
    density: float  # kg/m³
    colour: str  # red, green, blue and opacity, 0 to 1

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.end - self.start))

    @property
    def center(self) -> Array:
        return np.asarray((self.start + self.end) / 2.0)

    @property
    def lowest(self) -> float:
        """Height of the lowest point, m."""
        return float(min(self.start[2], self.end[2])) - self.radius

    @property
    def masses(self) -> tuple[float, float]:
        """Of the cylinder, and of both half spheres together, kg."""
        r, volume = self.radius, np.pi * self.radius**2
        return self.density * volume * self.length, self.density * volume * r * 4.0 / 3.0

    def inertia(self) -> Array:
        """Tensor (3, 3) kg·m² about the centre."""
        (cylinder, ball), r, length = self.masses, self.radius, self.length
        along = cylinder * r**2 / 2 + ball * r**2 * 2 / 5
        across = cylinder * (length**2 / 12 + r**2 / 4)
        across += ball * (r**2 * 2 / 5 + length**2 / 4 + length * r * 3 / 8)
        axis = (self.end - self.start) / length if length else np.array([0.0, 0.0, 1.0])
        return np.asarray(across * np.eye(3) + (along - across) * np.outer(axis, axis))

    def geometry(self, kind: str) -> ElementTree.Element:
        """The URDF element of `kind` "visual" or "collision"."""
        element = ElementTree.Element(kind)
        rpy = align_z(self.end - self.start) if self.length else (0.0, 0.0, 0.0)
        ElementTree.SubElement(element, "origin", xyz=text(self.center), rpy=text(rpy))
        geometry = ElementTree.SubElement(element, "geometry")
        if self.length:
            ElementTree.SubElement(geometry, "capsule", radius=repr(self.radius), length=repr(self.length))
        else:
            ElementTree.SubElement(geometry, "sphere", radius=repr(self.radius))
        if kind == "visual":
            material = ElementTree.SubElement(element, "material", name=f"rgba {self.colour}")
            ElementTree.SubElement(material, "color", rgba=self.colour)
        return element


def inertial(shapes: Sequence[Capsule]) -> ElementTree.Element:
    """The URDF inertial of a link made of `shapes`: at their centre of mass, along principal axes."""
    masses = np.array([sum(shape.masses) for shape in shapes])
    total = float(masses.sum())
    element = ElementTree.Element("inertial")
    center, principal, rpy = np.zeros(3), np.zeros(3), (0.0, 0.0, 0.0)
    if total:
        center = masses @ np.array([shape.center for shape in shapes]) / total
        tensor = np.zeros((3, 3))
        for shape, mass in zip(shapes, masses, strict=True):
            offset = shape.center - center
            tensor += shape.inertia() + mass * (offset @ offset * np.eye(3) - np.outer(offset, offset))
        principal, axes = np.linalg.eigh(tensor)
        axes[:, 2] *= np.linalg.det(axes)  # right-handed
        rpy = matrix_rpy(axes)
    ElementTree.SubElement(element, "origin", xyz=text(center), rpy=text(rpy))
    ElementTree.SubElement(element, "mass", value=repr(total))
    values = dict(zip(("ixx", "iyy", "izz"), (repr(float(value)) for value in principal), strict=True))
    ElementTree.SubElement(element, "inertia", values | dict.fromkeys(("ixy", "ixz", "iyz"), "0"))
    return element
