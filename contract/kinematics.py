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
        self._origins = [np.array(joint.xyz) for joint in chain.joints]
        self._terms = [_rodrigues_terms(joint) for joint in chain.joints]
        self._tool = np.array(chain.tool)

    def tool_position(self, joint_position: Array) -> Array:
        """Tool point (3,) m in the base frame for joint positions (n,) rad."""
        point = self._tool
        sines, cosines = np.sin(joint_position), np.cos(joint_position)
        for i in range(len(self._terms) - 1, -1, -1):
            constant, cosine, sine = self._terms[i]
            point = self._origins[i] + (constant + cosines[i] * cosine + sines[i] * sine) @ point
        return np.asarray(point)


def _rodrigues_terms(joint: KinematicJoint) -> tuple[Array, Array, Array]:
    """Matrices A, B, C with Rot(rpy) Rot(axis, q) = A + cos(q) B + sin(q) C (Rodrigues)."""
    axis = np.array(joint.axis) / np.linalg.norm(joint.axis)
    outer = np.outer(axis, axis)
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    fixed = rpy_matrix(joint.rpy)
    return fixed @ outer, fixed @ (np.eye(3) - outer), fixed @ cross
