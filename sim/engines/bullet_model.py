"""The robot's file as PyBullet gets it: the base's centre of mass shifted, fixed links merged."""

from __future__ import annotations

import copy
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from contract.errors import DomainError
from contract.state import Array
from sim.robots.merged_links import Place, center_of, merge_fixed_links, weigh_base
from sim.robots.model import PLANAR_JOINTS, base_link, model_file
from sim.robots.spec import RobotSpec
from sim.robots.transform import numbers, text

MOST_SHIFT = 2e-3  # m, of the base's centre of mass by what is merged into it


@contextmanager
def bullet_model(
    robot: RobotSpec, center_offset: Array, merge: bool
) -> Iterator[tuple[Path, dict[str, Place]]]:
    """A file, for as long as the context lasts, and where the frames of merged links have got to.

    Bullet's own merging loses the centre of mass of what holds a link, so we merge. A link that a
    tool or a loop hangs on stays as it is, and so does a base whose centre would move: domains add mass and
    forces at the centres of a tool's link and of the base.

    Args:
        center_offset: of the base's centre of mass, (3,) m, base frame.
        merge: whether to merge more than a base without mass needs; a link of several shapes slides
            badly over a height field's seams.

    Raises:
        DomainError: the base has no inertia that could be shifted.
    """
    with model_file(robot) as file:
        root = ElementTree.parse(file).getroot()
        base, kept = _base(root), _kept(robot)
        alone = {base} if robot.base != "fixed" and _would_move(root, base, kept) else set()
        if center_offset.any():
            _shift(root, base, center_offset, file)
        places = {} if robot.base == "fixed" else weigh_base(root, base, kept)
        if merge:
            places |= merge_fixed_links(root, kept | alone)
    with tempfile.TemporaryDirectory(prefix="terrafirma-") as folder:
        written = Path(folder) / file.name
        ElementTree.indent(root)  # Bullet reads lines of up to 1023 characters
        ElementTree.ElementTree(root).write(written)
        yield written, places


def _kept(robot: RobotSpec) -> set[str]:
    tool = {robot.tool.link} if robot.tool else set()
    return tool | {link for loop in robot.loops for link in (loop.first, loop.second)}


def _would_move(root: ElementTree.Element, base: str, kept: set[str]) -> bool:
    """Whether the base's centre of mass would, once all that is fixed to it is a part of it."""
    merged = copy.deepcopy(root)
    weigh_base(merged, base, kept)
    before = center_of(merged, base)
    merge_fixed_links(merged, kept)
    return bool(np.linalg.norm(center_of(merged, base) - before) > MOST_SHIFT)


def _base(root: ElementTree.Element) -> str:
    """The link that the file's own tree begins with, below the joints of a planar base."""
    child = root.find(f"joint[@name='{PLANAR_JOINTS[-1]}']/child")
    return base_link(root) if child is None else child.get("link", "")


def _shift(root: ElementTree.Element, base: str, offset: Array, file: Path) -> None:
    inertial = root.find(f"link[@name='{base}']/inertial")
    if inertial is None:
        raise DomainError(f"{file}: base_center_offset: the base {base!r} has no mass to shift.")
    origin = inertial.find("origin")
    if origin is None:
        origin = ElementTree.SubElement(inertial, "origin", {"rpy": "0 0 0"})
    origin.set("xyz", text(numbers(origin.get("xyz", "0 0 0")) + offset))
