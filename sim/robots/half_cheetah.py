"""Half-cheetah, 6 joints, planar base, from pybullet_data.

Limits, damping, rotors and torques: `mjcf/half_cheetah.xml`, the robot of Wawrzyński (2009). The
file's joints have springs towards 0; here the position gains `KP` are those springs, so that a set-point at
the default pose asks for what the file's springs do. `KD` is ours, a little beside the file's damping.
"""

from __future__ import annotations

from pathlib import Path

import pybullet_data

from contract.record import Joint
from sim.robots.spec import RobotSpec
from sim.robots.urdf import Urdf

NAMES = ("bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot")
DEFAULT_POSITION = (0.0, 0.0, 0.0, 0.0, 0.0, -0.5)  # rad; the last springs of the file end at its limit
KP = (240.0, 180.0, 120.0, 180.0, 120.0, 60.0)  # N·m/rad, the file's stiffness
KD = 2.0  # N·m·s/rad
ARMATURE = 0.1  # kg·m²
HEIGHT = 0.6  # m
TIME_STEP = 0.005  # s; heavy rotors make it safe, and it is about the literature's 1/240 s
FRICTION_HARDNESS = 100.0  # or its feet creep in MuJoCo, up to 1 cm/s; in Bullet they stick
STABLE_DAMPING = 8.0  # N·m·s/rad, as tried in PyBullet


def load() -> RobotSpec:
    """The robot, from its file."""
    path = Path(pybullet_data.getDataPath()) / "mjcf" / "half_cheetah.xml"
    urdf = Urdf(path)
    joints = [urdf.joint(name) for name in NAMES]
    return RobotSpec(
        name="half_cheetah",
        urdf=path,
        joints=tuple(
            Joint(j.name, default, j.lower, j.upper, j.velocity, j.effort, kp, KD)
            for j, default, kp in zip(joints, DEFAULT_POSITION, KP, strict=True)
        ),
        joint_damping=tuple(j.damping for j in joints),
        joint_armature=(ARMATURE,) * len(joints),
        base="planar",
        base_height=HEIGHT,
        time_step=TIME_STEP,
        feet=("bfoot", "ffoot"),
        friction_hardness=FRICTION_HARDNESS,
        stable_damping=STABLE_DAMPING,
        source="pybullet_data mjcf/half_cheetah.xml (OpenAI Gym)",
    )
