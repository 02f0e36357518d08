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
    """Vectorised over legs; writes only the joints that belong to a leg."""

    def __init__(self, gait: Gait, default_position: Array) -> None:
        self._gait = gait
        self._default = default_position
        self._joints = np.array([leg.joints for leg in gait.legs])  # (legs, 3)
        self._hips = np.array([leg.hip for leg in gait.legs])
        self._lateral = np.array([leg.lateral_offset for leg in gait.legs])
        self._thigh = np.array([leg.thigh for leg in gait.legs])
        self._shank = np.array([leg.shank for leg in gait.legs])
        self._offsets = np.array([leg.phase_offset for leg in gait.legs])

    def phase(self, time: float) -> float:
        """Stride phase in [0, 1) at `time` seconds after activation."""
        return (time * self._gait.frequency) % 1.0

    def joint_position(self, time: float, velocity: Array) -> Array:
        """Joint angles (n,) rad at `time` s for a command (vx, vy m/s, yaw rate rad/s)."""
        gait = self._gait
        phase = (self.phase(time) + self._offsets) % 1.0
        swinging = phase < 0.5
        # progress runs -1 → 1 in swing and 1 → -1 in stance, in units of half a step
        progress = np.where(swinging, 4.0 * phase - 1.0, 3.0 - 4.0 * phase)
        moving = float(np.linalg.norm(velocity) > gait.stand_below)
        lift = moving * gait.swing_height * np.where(swinging, np.sin(2.0 * np.pi * phase), 0.0)
        half_step = moving * 0.25 / gait.frequency  # stance lasts half a stride; ± around the middle
        foot_y = self._hips[:, 1] + self._lateral
        foot_x = self._hips[:, 0] + gait.foot_x_offset
        velocity_x = velocity[0] - velocity[2] * foot_y
        velocity_y = velocity[1] + velocity[2] * foot_x
        angles = self._inverse_kinematics(
            gait.foot_x_offset + progress * half_step * velocity_x,
            self._lateral + progress * half_step * velocity_y,
            lift - gait.body_height,
        )
        joints = self._default.copy()
        joints[self._joints] = angles
        return joints

    def _inverse_kinematics(self, x: Array, y: Array, z: Array) -> Array:
        """Angles (legs, 3) that put each foot at (x, y, z) m relative to its hip."""
        plane = np.sqrt(np.maximum(y * y + z * z - self._lateral**2, 1e-6))
        abduction = np.arctan2(y, -z) - np.arctan2(self._lateral, plane)
        reach = (x * x + plane * plane - self._thigh**2 - self._shank**2) / (2 * self._thigh * self._shank)
        knee = -np.arccos(np.clip(reach, -1.0, 1.0))
        thigh = np.arctan2(-x, plane) - np.arctan2(
            self._shank * np.sin(knee), self._thigh + self._shank * np.cos(knee)
        )
        return np.stack([abduction, thigh, knee], axis=1)
