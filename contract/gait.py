"""An open-loop trot: joint angles from a phase and a commanded planar velocity.

Each foot moves under its hip on a straight line against the commanded velocity while it
stands, and returns on a sine arc while it swings. Joint angles follow from the closed-form
inverse kinematics of a three-joint leg. The idea of learning on top of such a generator is
"Policies Modulating Trajectory Generators" (Iscen et al. 2018, arXiv:1910.02812).
"""

from __future__ import annotations

import math

from contract.record import Gait, Leg
from contract.state import Array


class TrotGenerator:
    """Writes only the joints that belong to a leg. Plain floats: a numpy call a leg would be slower."""

    def __init__(self, gait: Gait, default_position: Array) -> None:
        self._gait = gait
        self._default = default_position

    def phase(self, time: float) -> float:
        """Stride phase in [0, 1) at `time` seconds after activation."""
        return (time * self._gait.frequency) % 1.0

    def joint_position(self, time: float, velocity: Array) -> Array:
        """Joint angles (n,) rad at `time` s for a command (vx, vy m/s, yaw rate rad/s)."""
        gait = self._gait
        vx, vy, yaw_rate = velocity.tolist()
        moving = math.sqrt(vx * vx + vy * vy + yaw_rate * yaw_rate) > gait.stand_below
        half_step = (
            0.25 / gait.frequency if moving else 0.0
        )  # stance lasts half a stride; ± around the middle
        stride = self.phase(time)
        joints = self._default.copy()
        for leg in gait.legs:
            phase = (stride + leg.phase_offset) % 1.0
            swinging = phase < 0.5
            # progress runs -1 → 1 in swing and 1 → -1 in stance, in units of half a step
            progress = 4.0 * phase - 1.0 if swinging else 3.0 - 4.0 * phase
            lift = gait.swing_height * math.sin(2.0 * math.pi * phase) if moving and swinging else 0.0
            velocity_x = vx - yaw_rate * (leg.hip[1] + leg.lateral_offset)
            velocity_y = vy + yaw_rate * (leg.hip[0] + gait.foot_x_offset)
            angles = _inverse_kinematics(
                leg,
                gait.foot_x_offset + progress * half_step * velocity_x,
                leg.lateral_offset + progress * half_step * velocity_y,
                lift - gait.body_height,
            )
            for joint, angle in zip(leg.joints, angles, strict=True):
                joints[joint] = angle
        return joints


def _inverse_kinematics(leg: Leg, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Abduction, thigh and knee (rad) that put the foot at (x, y, z) m relative to its hip."""
    plane = math.sqrt(max(y * y + z * z - leg.lateral_offset**2, 1e-6))
    abduction = math.atan2(y, -z) - math.atan2(leg.lateral_offset, plane)
    reach = (x * x + plane * plane - leg.thigh**2 - leg.shank**2) / (2 * leg.thigh * leg.shank)
    knee = -math.acos(min(max(reach, -1.0), 1.0))
    thigh = math.atan2(-x, plane) - math.atan2(
        leg.shank * math.sin(knee), leg.thigh + leg.shank * math.cos(knee)
    )
    return abduction, thigh, knee
