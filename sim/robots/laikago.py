"""Unitree Laikago, 12 joints, floating base, from pybullet_data.

Masses and torques: `laikago/laikago_toes_zup.urdf`, whose joints have no limits; those are from
`laikago_toes_limits.urdf`, the same robot with its y axis up and without inertias. Default pose and gains:
motion_imitation's `laikago.py`. Rotor inertia is what mujoco_menagerie gives to Unitree's next robot. Only
feet and trunk collide: the feet as the file's balls, the trunk as the box around its mesh; with the
meshes of the legs a step of Bullet takes several times as long.
"""

from __future__ import annotations

from pathlib import Path

import pybullet_data

from contract.record import Joint
from sim.robots.spec import Box, RobotSpec
from sim.robots.urdf import Urdf

LEGS = ("FR", "FL", "RR", "RL")
PARTS = ("hip_motor_2_chassis", "upper_leg_2_hip_motor", "lower_leg_2_upper_leg")
NAMES = tuple(f"{leg}_{part}_joint" for leg in LEGS for part in PARTS)
DEFAULT_LEG = (0.0, 0.07, -0.59)  # rad: abduction, thigh, knee; 0 is not straight here
KP, KD = 220.0, 2.0  # N·m/rad, N·m·s/rad
ARMATURE = 0.01  # kg·m²
HEIGHT = 0.49  # m
FRICTION_HARDNESS = 100.0  # or its feet creep in MuJoCo
TRUNK = Box("chassis", (0.577, 0.387, 0.188), (-0.0125, 0.0, -0.016))  # m
STABLE_DAMPING = 20.0  # N·m·s/rad, as tried in PyBullet


def load() -> RobotSpec:
    """The robot, from its files."""
    folder = Path(pybullet_data.getDataPath()) / "laikago"
    urdf, limits = Urdf(folder / "laikago_toes_zup.urdf"), Urdf(folder / "laikago_toes_limits.urdf")
    return RobotSpec(
        name="laikago",
        urdf=urdf.path,
        joints=tuple(_joint(limits, name, DEFAULT_LEG[i % 3]) for i, name in enumerate(NAMES)),
        joint_damping=tuple(urdf.joint(name).damping for name in NAMES),
        joint_armature=(ARMATURE,) * len(NAMES),
        base="floating",
        base_height=HEIGHT,
        feet=tuple(f"toe{leg}" for leg in LEGS),
        boxes=(TRUNK,),
        intangible=tuple(f"{leg}_{part}" for leg in LEGS for part in ("hip_motor", "upper_leg", "lower_leg")),
        friction_hardness=FRICTION_HARDNESS,
        stable_damping=STABLE_DAMPING,
        source="pybullet_data laikago/laikago_toes_zup.urdf (Unitree Robotics)",
    )


def _joint(limits: Urdf, name: str, default: float) -> Joint:
    joint = limits.joint(name)
    return Joint(name, default, joint.lower, joint.upper, joint.velocity, joint.effort, KP, KD)
