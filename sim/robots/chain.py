"""Serial chains and rigid groups of links, with the fixed joints in between taken into account."""

from __future__ import annotations

import numpy as np

from contract.errors import TerrafirmaError
from contract.record import KinematicJoint
from contract.rotation import rpy_matrix
from contract.state import Array
from sim.robots.transform import matrix_rpy
from sim.robots.urdf import Urdf, UrdfLink


def serial_chain(urdf: Urdf, names: tuple[str, ...]) -> tuple[KinematicJoint, ...]:
    """The joints called `names`, each relative to the one before, the first to the base.

    Raises:
        TerrafirmaError: the joints are not one chain that starts at the base.
    """
    chain, frame = [], urdf.base
    for name in names:
        joint = urdf.joint(name)
        rotation, offset, link = np.eye(3), np.zeros(3), joint.parent
        while link != frame:  # back along fixed joints to the joint before
            if link not in urdf.fixed:
                raise TerrafirmaError(f"{urdf.path}: joint {name!r} does not follow link {frame!r}.")
            link, origin = urdf.fixed[link]
            turned = rpy_matrix(origin.rpy)
            rotation, offset = turned @ rotation, np.array(origin.xyz) + turned @ offset
        chain.append(_composed(rotation, offset, joint.origin))
        frame = joint.child
    return tuple(chain)


def _composed(rotation: Array, offset: Array, origin: KinematicJoint) -> KinematicJoint:
    if not offset.any() and np.array_equal(rotation, np.eye(3)):
        return origin
    x, y, z = offset + rotation @ origin.xyz
    return KinematicJoint(
        (float(x), float(y), float(z)), matrix_rpy(rotation @ rpy_matrix(origin.rpy)), origin.axis
    )


def rigid_group(urdf: Urdf, link: str) -> UrdfLink:
    """Mass and centre (in the frame of `link`) of a link and all that is fixed to it."""
    if all(parent != link for parent, _ in urdf.fixed.values()):
        return urdf.links[link]
    total = urdf.links[link].mass
    moment = total * np.array(urdf.links[link].center)
    for child, (parent, origin) in urdf.fixed.items():
        if parent == link:
            part = rigid_group(urdf, child)
            moment = moment + part.mass * (np.array(origin.xyz) + rpy_matrix(origin.rpy) @ part.center)
            total += part.mass
    x, y, z = moment / total if total else moment
    return UrdfLink(total, (float(x), float(y), float(z)))
