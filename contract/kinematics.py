"""Forward kinematics of a serial chain, so that a robot can tell where its tool is."""

from __future__ import annotations

import numpy as np

from contract.record import KinematicJoint, Kinematics
from contract.rotation import rpy_matrix
from contract.state import Array


class ForwardKinematics:
    """Tool position from joint positions.

    p = T_1(q_1) … T_n(q_n) tool, with T_i(q) = Trans(xyz_i) Rot(rpy_i) Rot(axis_i, q).
    """

    def __init__(self, chain: Kinematics) -> None:
        self._origins = [np.array(joint.xyz)[:, None] for joint in chain.joints]
        terms = [_rodrigues_terms(joint) for joint in chain.joints]
        self._constant, self._cosine, self._sine = (np.array(each) for each in zip(*terms, strict=True))
        self._tool = np.array(chain.tool)[:, None]

    def tool_position(self, joint_position: Array) -> Array:
        """Tool points (..., 3) m in the base frame for joint positions (..., n) rad."""
        angle = joint_position[..., None, None]
        # (..., n, 3, 3)
        rotation = self._constant + np.cos(angle) * self._cosine + np.sin(angle) * self._sine
        point = self._tool
        for i in range(len(self._origins) - 1, -1, -1):
            point = self._origins[i] + rotation[..., i, :, :] @ point
        return np.asarray(point[..., 0])


def _rodrigues_terms(joint: KinematicJoint) -> tuple[Array, Array, Array]:
    """Matrices A, B, C with Rot(rpy) Rot(axis, q) = A + cos(q) B + sin(q) C (Rodrigues)."""
    axis = np.array(joint.axis) / np.linalg.norm(joint.axis)
    outer = np.outer(axis, axis)
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    fixed = rpy_matrix(joint.rpy)
    return fixed @ outer, fixed @ (np.eye(3) - outer), fixed @ cross
