"""Franka Emika Panda with its gripper, 7 joints, fixed base, from pybullet_data.

Limits: `franka_panda/panda.urdf`. The default pose is the "ready" pose of Franka's own examples. The file
gives every link an inertia of 0.1 kg·m², rotors included, so it needs no armature. Gains are ours, with
the stiffness that Franka's joint impedance example has in proportion. The real arm's joint controllers
carry the arm's own weight, so does this one. The fingers are locked, closed: actions are angles, and
what has to be moved is pushed.
"""

from __future__ import annotations

from pathlib import Path

import pybullet_data

from contract.record import Joint, Kinematics
from sim.robots.chain import serial_chain
from sim.robots.spec import RobotSpec, Tool
from sim.robots.urdf import Urdf

NAMES = tuple(f"panda_joint{i}" for i in range(1, 8))
DEFAULT_POSITION = (0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785)  # rad
KP = (600.0, 600.0, 600.0, 600.0, 250.0, 150.0, 50.0)  # N·m/rad
KD = (50.0, 50.0, 30.0, 30.0, 10.0, 10.0, 5.0)  # N·m·s/rad
DAMPING = 0.0  # N·m·s/rad; the file has none
TOOL = (0.0, 0.0, 0.212)  # m, between the fingertips, in the frame of link 7: 0.107 m to the flange + 0.105

REDUNDANT = ("panda_joint3",)  # swings the elbow


def load() -> RobotSpec:
    """The robot, from its file."""
    path = Path(pybullet_data.getDataPath()) / "franka_panda" / "panda.urdf"
    urdf = Urdf(path)
    joints = [urdf.joint(name) for name in NAMES]
    return RobotSpec(
        name="panda",
        urdf=path,
        joints=tuple(
            Joint(j.name, default, j.lower, j.upper, j.velocity, j.effort, kp, kd)
            for j, default, kp, kd in zip(joints, DEFAULT_POSITION, KP, KD, strict=True)
        ),
        joint_damping=(DAMPING,) * len(joints),
        joint_armature=(0.0,) * len(joints),
        base="fixed",
        base_height=0.0,
        tool=Tool(joints[-1].child, TOOL),
        redundant=REDUNDANT,
        kinematics=Kinematics(serial_chain(urdf, NAMES), TOOL),
        gravity_compensated=True,
        locked=(("panda_finger_joint1", 0.0), ("panda_finger_joint2", 0.0)),
        source="pybullet_data franka_panda/panda.urdf (Franka Emika)",
    )
