"""A pose to stand in, for legs of which nothing is known but their URDF."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

from contract.kinematics import ForwardKinematics
from contract.record import KinematicJoint, Kinematics
from contract.state import Array
from sim.robots.chain import serial_chain
from sim.robots.urdf import Urdf, UrdfJoint

CROUCH = 0.85  # of the leg's reach below its hip
RANGE, STEPS = 1.5, 13  # rad either way, and tries a joint; more than three joints are left alone
MAX_JOINTS = 3
BEND = 1e-4  # m² for a rad²: of equally good poses, the one nearest to 0


def standing_pose(urdf: Urdf, limb: list[UrdfJoint]) -> dict[str, float]:
    """Joint positions (rad) that put the end of a limb under its first joint, slightly crouched.

    Empty where the limb branches, has more than three joints, or does not reach down.
    """
    names = tuple(joint.name for joint in limb)
    if len(limb) > MAX_JOINTS or any(b.parent != a.child for a, b in pairwise(limb)):
        return {}
    chain = serial_chain(urdf, names)
    forward = ForwardKinematics(Kinematics(chain, end_of(urdf, limb[-1].child)))
    values = [_tries(joint) for joint in limb]
    poses = np.array(list(product(*values)))
    points = np.array([forward.tool_position(pose) for pose in poses]) - chain[0].xyz
    reach = float(points[:, 2].min())
    if reach >= 0.0:
        return {}
    target = np.array([0.0, points[_nearest_zero(poses), 1], CROUCH * reach])
    cost = ((points - target) ** 2).sum(axis=1) + BEND * (poses**2).sum(axis=1)
    return dict(zip(names, poses[int(np.argmin(cost))].tolist(), strict=True))


def _nearest_zero(poses: Array) -> int:
    return int(np.argmin((poses**2).sum(axis=1)))


def _tries(joint: UrdfJoint) -> Array:
    """Angles within the joint's limits, and not at their ends; 0 among them where it is."""
    low, high = max(joint.lower, -RANGE), min(joint.upper, RANGE)
    low, high = (low, high) if low < high else (joint.lower, joint.upper)
    values = np.linspace(low, high, STEPS + 2)[1:-1]
    return np.unique(np.append(values, 0.0)) if low < 0.0 < high else values


def end_of(urdf: Urdf, link: str) -> tuple[float, float, float]:
    """The far end of a last link: where a fixed link sits on it, or twice as far as its centre of mass."""
    fixed = [origin for parent, origin in urdf.fixed.values() if parent == link]
    if fixed:
        return max(fixed, key=_length).xyz
    x, y, z = urdf.links[link].center
    return 2 * x, 2 * y, 2 * z


def _length(origin: KinematicJoint) -> float:
    return float(np.linalg.norm(origin.xyz))
