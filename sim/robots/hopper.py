"""Hopper, 3 joints, planar base, from pybullet_data.

Limits, damping and torques: `mjcf/hopper.xml`, the robot of Erez et al. (2012). The file's rotors have
1 kg·m², as much as its whole body about its hip; MuJoCo can add that to a joint, Bullet only to a link, where
all the body would carry it. So they have 0.1 kg·m² here. It stands on its one foot, which is held stiffly
enough to carry the body above it. Gains and the slightly bent default pose are ours.
"""

from __future__ import annotations

from pathlib import Path

import pybullet_data

from contract.record import Joint
from sim.robots.spec import RobotSpec
from sim.robots.urdf import Urdf

NAMES = ("thigh_joint", "leg_joint", "foot_joint")
DEFAULT_POSITION = (-0.05, -0.1, 0.15)  # rad
KP, KD = 400.0, 15.0  # N·m/rad, N·m·s/rad
ARMATURE = 0.1  # kg·m²
HEIGHT = 1.21  # m
FRICTION_HARDNESS = 100.0  # or its feet creep in MuJoCo, up to 1 cm/s; in Bullet they stick
STABLE_DAMPING = 20.0  # N·m·s/rad, as tried in PyBullet


def load() -> RobotSpec:
    """The robot, from its file."""
    path = Path(pybullet_data.getDataPath()) / "mjcf" / "hopper.xml"
    urdf = Urdf(path)
    joints = [urdf.joint(name) for name in NAMES]
    return RobotSpec(
        name="hopper",
        urdf=path,
        joints=tuple(
            Joint(j.name, default, j.lower, j.upper, j.velocity, j.effort, KP, KD)
            for j, default in zip(joints, DEFAULT_POSITION, strict=True)
        ),
        joint_damping=tuple(j.damping for j in joints),
        joint_armature=(ARMATURE,) * len(joints),
        base="planar",
        base_height=HEIGHT,
        feet=("foot",),
        friction_hardness=FRICTION_HARDNESS,
        stable_damping=STABLE_DAMPING,
        source="pybullet_data mjcf/hopper.xml (OpenAI Gym)",
    )
