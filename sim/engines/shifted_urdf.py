"""A robot's file with the centre of mass of its base elsewhere."""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract.errors import DomainError
from contract.state import Array


@contextmanager
def shifted_urdf(path: Path, base: str, offset: Array) -> Iterator[Path]:
    """A copy of the URDF at `path`, for as long as the context lasts; `offset` (3,) m, base frame.

    The file itself where the offset is 0. Its meshes must have absolute paths.

    Raises:
        DomainError: the base has no inertia that could be shifted.
    """
    if not offset.any():
        yield path
        return
    root = ElementTree.parse(path).getroot()
    inertial = root.find(f"link[@name='{base}']/inertial")
    if inertial is None:
        raise DomainError(f"{path}: base_center_offset: the base {base!r} has no mass to shift.")
    origin = inertial.find("origin")
    if origin is None:
        origin = ElementTree.SubElement(inertial, "origin", {"rpy": "0 0 0"})
    center = [float(value) for value in origin.get("xyz", "0 0 0").split()]
    origin.set("xyz", " ".join(repr(c + d) for c, d in zip(center, offset.tolist(), strict=True)))
    with tempfile.TemporaryDirectory(prefix="terrafirma-") as folder:
        copy = Path(folder) / path.name
        ElementTree.ElementTree(root).write(copy)
        yield copy
