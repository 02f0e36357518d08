"""Unitree A1, 12 joints, floating base, from pybullet_data.

Limits: `a1/a1.urdf`. Gains are those that motion_imitation uses for thighs and knees: softer
legs (legged_gym: kp 20) sag too much for an open-loop trot. Armature: mujoco_menagerie's
`unitree_a1/a1.xml`; without it the knees, damped by torques at 400 Hz, are at the edge of
ringing. Leg lengths and hip positions are the URDF's joint origins. The trot is ours: with these
numbers it follows commands open-loop to about 60-90 % in both engines.
"""

from __future__ import annotations

from pathlib import Path

import pybullet_data

from contract.record import Gait, Joint, Leg
from sim.robots.spec import RobotSpec
from sim.robots.urdf import Urdf

LEGS = ("FR", "FL", "RR", "RL")
DEFAULT_LEG = (0.0, 0.9, -1.8)  # rad: abduction, thigh, knee
KP, KD = 100.0, 2.0  # N·m/rad, N·m·s/rad
ARMATURE = 0.01  # kg·m²
LATERAL, THIGH, SHANK = 0.08505, 0.2, 0.2  # m
TROT = {"FR": 0.0, "RL": 0.0, "FL": 0.5, "RR": 0.5}  # diagonal pairs, fraction of a stride
STABLE_DAMPING = 2.0  # N·m·s/rad, as tried in PyBullet


def load() -> RobotSpec:
    """The robot, from its file."""
    path = Path(pybullet_data.getDataPath()) / "a1" / "a1.urdf"
    urdf = Urdf(path)
    names = [f"{leg}_{part}_joint" for leg in LEGS for part in ("hip", "upper", "lower")]
    return RobotSpec(
        name="a1",
        urdf=path,
        joints=tuple(_joint(urdf, name, DEFAULT_LEG[i % 3]) for i, name in enumerate(names)),
        joint_damping=tuple(urdf.joint(name).damping for name in names),
        joint_armature=(ARMATURE,) * len(names),
        base="floating",
        base_height=0.29,
        feet=tuple(f"{leg}_toe" for leg in LEGS),
        gait=_gait(urdf),
        stable_damping=STABLE_DAMPING,
        source="pybullet_data a1/a1.urdf (Unitree Robotics)",
    )


def _joint(urdf: Urdf, name: str, default: float) -> Joint:
    joint = urdf.joint(name)
    return Joint(name, default, joint.lower, joint.upper, joint.velocity, joint.effort, KP, KD)


def _gait(urdf: Urdf) -> Gait:
    legs = tuple(
        Leg(
            joints=(3 * i, 3 * i + 1, 3 * i + 2),
            hip=urdf.joint(f"{leg}_hip_joint").origin.xyz,
            lateral_offset=LATERAL if leg.endswith("L") else -LATERAL,
            thigh=THIGH,
            shank=SHANK,
            phase_offset=TROT[leg],
        )
        for i, leg in enumerate(LEGS)
    )
    return Gait(
        legs, frequency=2.5, body_height=0.27, swing_height=0.08, foot_x_offset=-0.02, stand_below=0.05
    )
