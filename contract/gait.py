"""An open-loop trot: joint angles from a phase and a commanded planar velocity.

Each foot moves under its hip on a straight line against the commanded velocity while it
stands, and returns on a sine arc while it swings. Joint angles follow from the closed-form
inverse kinematics of a three-joint leg. The idea of learning on top of such a generator is
"Policies Modulating Trajectory Generators" (Iscen et al. 2018, arXiv:1910.02812).
"""

from __future__ import annotations

import numpy as np

from contract.record import Gait
from contract.state import Array


class TrotGenerator:
    """Writes only the joints that belong to a leg; all legs of all robots at once."""

    def __init__(self, gait: Gait, default_position: Array) -> None:
        self._gait = gait
        self._default = default_position
        legs = gait.legs
        self._joints = np.array([leg.joints for leg in legs]).T.reshape(-1)  # (3 legs,) part by part
        self._sign, self._zero = (
            np.array([getattr(leg, name) for leg in legs]).T.reshape(-1) for name in ("sign", "zero")
        )  # as `_joints`
        self._phase_offset, self._lateral, self._thigh, self._shank = np.array(
            [(leg.phase_offset, leg.lateral_offset, leg.thigh, leg.shank) for leg in legs]
        ).T  # (legs,) each
        self._foot = np.array([np.full(len(legs), gait.foot_x_offset), self._lateral])  # (2, legs) m, x and y
        hips = np.array([leg.hip[:2] for leg in legs]).T  # (2, legs) m
        self._foot_velocity = _velocity_map(hips + self._foot)
        self._lateral_squared = self._lateral**2
        self._links_squared = self._thigh**2 + self._shank**2
        self._links_product = 2 * self._thigh * self._shank

    def phase(self, time: Array | float) -> Array:
        """Stride phases (...) in [0, 1) at `time` (...) seconds after activation."""
        return np.asarray(time * self._gait.frequency) % 1.0

    def joint_position(self, time: Array | float, velocity: Array) -> Array:
        """Joint angles (..., n) rad at `time` (...) s for commands (..., 3): vx, vy m/s, yaw rate rad/s."""
        gait = self._gait
        moving = np.sqrt(np.add.reduce(velocity * velocity, axis=-1)) > gait.stand_below
        phase = (self.phase(time)[..., None] + self._phase_offset) % 1.0  # (..., legs), swing before 0.5
        # runs -1 → 1 in swing and 1 → -1 in stance, in units of half a step; stance lasts half a stride
        progress = 1.0 - np.abs(4.0 * phase - 2.0)
        half_step = (0.25 / gait.frequency * moving)[..., None]
        lift = (gait.swing_height * moving)[..., None] * np.maximum(np.sin(2.0 * np.pi * phase), 0.0)
        foot_velocity = (velocity @ self._foot_velocity).reshape(*velocity.shape[:-1], 2, -1)
        foot = self._foot + (progress * half_step)[..., None, :] * foot_velocity
        joints = np.empty((*velocity.shape[:-1], len(self._default)))
        joints[...] = self._default
        angles = self._inverse_kinematics(foot, lift - gait.body_height)
        joints[..., self._joints] = self._sign * angles + self._zero
        return joints

    def _inverse_kinematics(self, foot: Array, z: Array) -> Array:
        """Angles (..., 3 legs) rad that put the feet at x and y (..., 2, legs) and z (..., legs) m.

        Places are relative to each hip; the result is all abductions, then thighs, then knees.
        """
        x, y = foot[..., 0, :], foot[..., 1, :]
        plane_squared = np.maximum(y * y + z * z - self._lateral_squared, 1e-6)
        plane = np.sqrt(plane_squared)
        cosine = (x * x + plane_squared - self._links_squared) / self._links_product
        cosine = np.minimum(np.maximum(cosine, -1.0), 1.0)
        sine = np.sqrt((1.0 - cosine) * (1.0 + cosine))  # of the knee, which bends backwards
        abduction = np.arctan2(y, -z) - np.arctan2(self._lateral, plane)
        thigh = np.arctan2(self._shank * sine, self._thigh + self._shank * cosine) - np.arctan2(x, plane)
        return np.concatenate([abduction, thigh, -np.arccos(cosine)], axis=-1)


def _velocity_map(place: Array) -> Array:
    """(3, 2 legs): from a body's vx, vy and yaw rate to the velocities of its points (2, legs), x then y."""
    x, y = place
    one, zero = np.ones_like(x), np.zeros_like(x)
    return np.array([[*one, *zero], [*zero, *one], [*-y, *x]])
