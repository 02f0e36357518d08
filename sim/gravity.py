"""Torques that carry a fixed-base arm's own nominal weight, as its joint controllers do."""

from __future__ import annotations

import numpy as np

from contract.record import KinematicJoint
from contract.rotation import rpy_matrix
from contract.state import Array
from sim.domains.domain import Draw
from sim.robots.chain import rigid_group, serial_chain
from sim.robots.model import facts
from sim.robots.spec import RobotSpec

STANDARD_GRAVITY = 9.81  # m/s²


def gravity_vector(draw: Draw) -> Array:
    """Gravitational acceleration (3,) m/s² in the frame of the ground, which may slope."""
    up = rpy_matrix((draw.scalar("ground_roll"), draw.scalar("ground_pitch"), 0.0))[2]
    return np.asarray(-draw.scalar("gravity") * up)


class GravityCompensation:
    """tau_i = -a_i · ((c_i - p_i) x m_i g), with m_i, c_i mass and centre of all links from joint i on.

    Uses the model in the robot's URDF: a payload that the controller does not know of, or a
    different gravity, is not compensated.
    """

    def __init__(self, robot: RobotSpec) -> None:
        urdf = facts(robot)
        names = tuple(joint.name for joint in robot.joints)
        chain = serial_chain(urdf, names)
        groups = [rigid_group(urdf, urdf.joint(name).child) for name in names]
        self._origins = [np.array(joint.xyz) for joint in chain]
        self._fixed = [rpy_matrix(joint.rpy) for joint in chain]
        self._axes = [_unit(joint) for joint in chain]
        self._skew = [_skew(axis) for axis in self._axes]
        self._mass = np.array([group.mass for group in groups])
        self._center = [np.array(group.center) for group in groups]
        self._total = np.cumsum(self._mass[::-1])[::-1]

    def arrays(self) -> dict[str, Array]:
        """The chain and its masses.

        Shapes: origin (n, 3) m, rotation (n, 3, 3), axis (n, 3), mass (n,) kg, center (n, 3) m.
        """
        return {
            "origin": np.array(self._origins),
            "rotation": np.array(self._fixed),
            "axis": np.array(self._axes),
            "mass": self._mass,
            "center": np.array(self._center),
        }

    def torque(self, joint_position: Array) -> Array:
        """Torques (n,) N·m that hold the arm still at `joint_position` (n,) rad."""
        n = len(self._mass)
        position, rotation = np.zeros(3), np.eye(3)
        pivots, axes, moments = np.empty((n, 3)), np.empty((n, 3)), np.empty((n, 3))
        sines, versines = np.sin(joint_position), 1.0 - np.cos(joint_position)
        for i in range(n):
            position = position + rotation @ self._origins[i]
            rotation = rotation @ self._fixed[i]
            axes[i] = rotation @ self._axes[i]
            skew = self._skew[i]
            rotation = rotation @ (np.eye(3) + sines[i] * skew + versines[i] * (skew @ skew))
            pivots[i] = position
            moments[i] = self._mass[i] * (position + rotation @ self._center[i])
        lever = np.cumsum(moments[::-1], axis=0)[::-1] - self._total[:, None] * pivots
        # -a · (lever x (0, 0, -g)) with the cross product written out
        return np.asarray(STANDARD_GRAVITY * (axes[:, 0] * lever[:, 1] - axes[:, 1] * lever[:, 0]))


def _unit(joint: KinematicJoint) -> Array:
    axis = np.array(joint.axis)
    return np.asarray(axis / np.linalg.norm(axis))


def _skew(v: Array) -> Array:
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
