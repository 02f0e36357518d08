"""The robot's file as PyBullet gets it: the base's centre of mass shifted, fixed links merged."""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract.errors import DomainError
from contract.state import Array
from sim.robots.merged_links import Place, merge_fixed_links, weigh_base
from sim.robots.model import base_link, model_file
from sim.robots.spec import RobotSpec
from sim.robots.transform import numbers, text


@contextmanager
def bullet_model(
    robot: RobotSpec, center_offset: Array, merge: bool
) -> Iterator[tuple[Path, dict[str, Place]]]:
    """A file, for as long as the context lasts, and where the frames of merged links have got to.

    Bullet's own merging loses the centre of mass of what holds a link, so we merge. A link that a
    tool or a loop hangs on stays as it is: domains add mass and forces at a tool link's centre.

    Args:
        center_offset: of the base's centre of mass, (3,) m, base frame.
        merge: whether to merge more than a base without mass needs; a link of several shapes slides
            badly over a height field's seams.

    Raises:
        DomainError: the base has no inertia that could be shifted.
    """
    with model_file(robot) as file:
        root = ElementTree.parse(file).getroot()
        if center_offset.any():
            _shift(root, _base(robot), center_offset, file)
        kept = {robot.tool.link} if robot.tool else set()
        kept |= {link for loop in robot.loops for link in (loop.first, loop.second)}
        if merge:
            places = merge_fixed_links(root, kept)
        else:
            places = {} if robot.base == "fixed" else weigh_base(root, _base(robot), kept)
    with tempfile.TemporaryDirectory(prefix="terrafirma-") as folder:
        copy = Path(folder) / file.name
        ElementTree.indent(root)  # Bullet reads lines of up to 1023 characters
        ElementTree.ElementTree(root).write(copy)
        yield copy, places


def _base(robot: RobotSpec) -> str:
    """The link that the file's own tree begins with, below the joints of a planar base."""
    with model_file(robot, planar_joints=False) as file:
        return base_link(ElementTree.parse(file).getroot())


def _shift(root: ElementTree.Element, base: str, offset: Array, file: Path) -> None:
    inertial = root.find(f"link[@name='{base}']/inertial")
    if inertial is None:
        raise DomainError(f"{file}: base_center_offset: the base {base!r} has no mass to shift.")
    origin = inertial.find("origin")
    if origin is None:
        origin = ElementTree.SubElement(inertial, "origin", {"rpy": "0 0 0"})
    origin.set("xyz", text(numbers(origin.get("xyz", "0 0 0")) + offset))
