"""Reacher with 7 joints, fixed base, from pybullet_data.

The arm of DARC's 7-DoF reacher (Eysenbach et al., 2021) is that of OpenAI Gym's pusher: limits, masses and
rotors are those of `mjcf/pusher.xml`, without the object and the goal. In the file the arm floats without
gravity and its motors give 2 N·m. Here it weighs something, and its joint controllers carry that weight; the
torque limits are the file's 2 N·m and twice what the weight takes at full stretch (11 N·m at the
shoulder), rounded up. The file has no damping; gains and default pose are ours.
"""

from __future__ import annotations

from pathlib import Path

import pybullet_data

from contract.record import Joint, Kinematics
from sim.robots.chain import serial_chain
from sim.robots.spec import RobotSpec, Tool
from sim.robots.urdf import Urdf

NAMES = tuple(
    f"{part}_joint"
    for part in (
        "shoulder_pan", "shoulder_lift", "upper_arm_roll", "elbow_flex",
        "forearm_roll", "wrist_flex", "wrist_roll",
    )
)  # fmt: skip
DEFAULT_POSITION = (0.0, 0.4, 0.0, -1.2, 0.0, -0.4, 0.0)  # rad
EFFORT = (2.0, 24.0, 6.0, 6.0, 2.5, 2.5, 2.5)  # N·m
KP = (30.0, 60.0, 30.0, 30.0, 10.0, 10.0, 10.0)  # N·m/rad
KD = (4.0, 8.0, 3.0, 3.0, 1.0, 1.0, 1.0)  # N·m·s/rad
ARMATURE = 0.04  # kg·m²
TOOL = (0.1, 0.0, 0.0)  # m, between the fingertips, in the frame of the wrist
STABLE_DAMPING = 20.0  # N·m·s/rad, as tried in PyBullet

REDUNDANT = ("upper_arm_roll_joint",)  # swings the elbow


def load() -> RobotSpec:
    """The robot, from its file."""
    path = Path(pybullet_data.getDataPath()) / "mjcf" / "pusher.xml"
    urdf = Urdf(path)
    joints = [urdf.joint(name) for name in NAMES]
    return RobotSpec(
        name="reacher7",
        urdf=path,
        joints=tuple(
            Joint(j.name, default, j.lower, j.upper, j.velocity, effort, kp, kd)
            for j, default, effort, kp, kd in zip(joints, DEFAULT_POSITION, EFFORT, KP, KD, strict=True)
        ),
        joint_damping=tuple(j.damping for j in joints),
        joint_armature=(ARMATURE,) * len(joints),
        base="fixed",
        base_height=0.0,
        tool=Tool(joints[-1].child, TOOL),
        redundant=REDUNDANT,
        kinematics=Kinematics(serial_chain(urdf, NAMES), TOOL),
        gravity_compensated=True,
        stable_damping=STABLE_DAMPING,
        source="pybullet_data mjcf/pusher.xml (OpenAI Gym)",
    )
