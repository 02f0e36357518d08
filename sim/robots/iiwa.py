"""KUKA LBR iiwa, 7 joints, fixed base, from pybullet_data.

Limits and damping: `kuka_iiwa/model.urdf`. Gains are ours: stiff enough to track a step of
0.25 rad within a control period of 50 ms. The file has no rotors; theirs is the order of magnitude
of what harmonic drives reflect. Without them an upright arm has 0.05 kg·m² about its base, and
damping by torques at 400 Hz rings; with them dt · M⁻¹ kd stays below 0.75 in every pose. The real
arm's joint controllers carry the arm's own weight, so does this one.
"""

from __future__ import annotations

from pathlib import Path

import pybullet_data

from contract.record import Joint, Kinematics
from sim.robots.spec import RobotSpec, Tool
from sim.robots.urdf import Urdf

NAMES = tuple(f"lbr_iiwa_joint_{i}" for i in range(1, 8))
DEFAULT_POSITION = (0.0, 0.5, 0.0, -1.4, 0.0, 1.2, 0.0)  # rad, tool in front of the arm
KP = (400.0, 400.0, 200.0, 200.0, 60.0, 40.0, 8.0)  # N·m/rad
KD = (40.0, 40.0, 16.0, 16.0, 3.0, 1.5, 0.2)  # N·m·s/rad
ARMATURE = (0.1, 0.1, 0.05, 0.05, 0.01, 0.01, 0.001)  # kg·m²
REDUNDANT = ("lbr_iiwa_joint_3",)  # swings the elbow; KUKA's own control calls it E1
TOOL = (0.0, 0.0, 0.045)  # m, flange face in the frame of link 7


def load() -> RobotSpec:
    """The robot, from its file."""
    path = Path(pybullet_data.getDataPath()) / "kuka_iiwa" / "model.urdf"
    urdf = Urdf(path)
    joints = [urdf.joint(name) for name in NAMES]
    return RobotSpec(
        name="iiwa",
        urdf=path,
        joints=tuple(
            Joint(j.name, default, j.lower, j.upper, j.velocity, j.effort, kp, kd)
            for j, default, kp, kd in zip(joints, DEFAULT_POSITION, KP, KD, strict=True)
        ),
        joint_damping=tuple(j.damping for j in joints),
        joint_armature=ARMATURE,
        base="fixed",
        base_height=0.0,
        tool=Tool(joints[-1].child, TOOL),
        redundant=REDUNDANT,
        kinematics=Kinematics(tuple(j.origin for j in joints), TOOL),
        gravity_compensated=True,
        source="pybullet_data kuka_iiwa/model.urdf (rtkg/lbr_iiwa)",
    )
