"""Walker2d, 6 joints, planar base, from pybullet_data.

Limits, damping, rotors and torques: `mjcf/walker2d.xml`, the robot of Erez et al. (2012). In its default
pose, which is ours, it stands on both feet with bent knees, and stiff ankles carry the body above them.
Gains are ours.
"""

from __future__ import annotations

from pathlib import Path

import pybullet_data

from contract.record import Joint
from sim.robots.spec import RobotSpec
from sim.robots.urdf import Urdf

NAMES = tuple(f"{part}{side}_joint" for side in ("", "_left") for part in ("thigh", "leg", "foot"))
DEFAULT_LEG = (-0.1, -0.1, 0.2)  # rad: thigh, knee, ankle
KP, KD = 400.0, 10.0  # N·m/rad, N·m·s/rad
ARMATURE = 0.01  # kg·m²
HEIGHT = 1.2  # m
FRICTION_HARDNESS = 100.0  # or its feet creep in MuJoCo, up to 1 cm/s; in Bullet they stick
STABLE_DAMPING = 10.0  # N·m·s/rad, as tried in PyBullet


def load() -> RobotSpec:
    """The robot, from its file."""
    path = Path(pybullet_data.getDataPath()) / "mjcf" / "walker2d.xml"
    urdf = Urdf(path)
    joints = [urdf.joint(name) for name in NAMES]
    return RobotSpec(
        name="walker2d",
        urdf=path,
        joints=tuple(
            Joint(j.name, default, j.lower, j.upper, j.velocity, j.effort, KP, KD)
            for j, default in zip(joints, 2 * DEFAULT_LEG, strict=True)
        ),
        joint_damping=tuple(j.damping for j in joints),
        joint_armature=(ARMATURE,) * len(joints),
        base="planar",
        base_height=HEIGHT,
        feet=("foot", "foot_left"),
        friction_hardness=FRICTION_HARDNESS,
        stable_damping=STABLE_DAMPING,
        source="pybullet_data mjcf/walker2d.xml (OpenAI Gym)",
    )
