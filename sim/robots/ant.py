"""Ant, 8 joints, floating base, from pybullet_data.

Limits, damping and torques: `mjcf/ant.xml`, the robot of Schulman et al. (2016). The default pose is the
file's `init_qpos`. Two things differ, and they belong together. The file's body weighs 0.9 kg, with rotors of
1 kg·m² at its joints: more than the body itself has. MuJoCo can add rotors to joints, Bullet only to
links, where the whole body would carry them. (Bullet's own reader ignores rotors and densities
alike, and its ant weighs 183 kg.) So here the body has 40 times its mass, 36 kg, and the rotors 0.2 kg·m²:
the file's motors then turn the legs about as fast as the file's rotors let them. Gains are ours.
"""

from __future__ import annotations

from pathlib import Path

import pybullet_data

from contract.record import Joint
from sim.robots.spec import RobotSpec
from sim.robots.urdf import Urdf

NAMES = tuple(f"{part}_{i}" for i in range(1, 5) for part in ("hip", "ankle"))
FEET = ("front_left_foot", "front_right_foot", "left_back_foot", "right_back_foot")
ANKLES = (1.0, -1.0, -1.0, 1.0)  # rad
KP, KD = 300.0, 15.0  # N·m/rad, N·m·s/rad
ARMATURE = 0.2  # kg·m²
MASS_SCALE = 40.0
HEIGHT = 0.55  # m
TIME_STEP = 0.005  # s; heavy rotors make it safe, and it is about the literature's 1/240 s
STABLE_DAMPING = 20.0  # N·m·s/rad, as tried in PyBullet
FRICTION_HARDNESS = 100.0  # or its feet creep in MuJoCo, up to 1 cm/s; in Bullet they stick


def load() -> RobotSpec:
    """The robot, from its file."""
    path = Path(pybullet_data.getDataPath()) / "mjcf" / "ant.xml"
    urdf = Urdf(path)
    joints = [urdf.joint(name) for name in NAMES]
    defaults = [position for ankle in ANKLES for position in (0.0, ankle)]
    return RobotSpec(
        name="ant",
        urdf=path,
        joints=tuple(
            Joint(j.name, default, j.lower, j.upper, j.velocity, j.effort, KP, KD)
            for j, default in zip(joints, defaults, strict=True)
        ),
        joint_damping=tuple(j.damping for j in joints),
        joint_armature=(ARMATURE,) * len(joints),
        base="floating",
        base_height=HEIGHT,
        time_step=TIME_STEP,
        stable_damping=STABLE_DAMPING,
        feet=FEET,
        friction_hardness=FRICTION_HARDNESS,
        mass_scale=MASS_SCALE,
        source="pybullet_data mjcf/ant.xml (OpenAI Gym)",
    )
