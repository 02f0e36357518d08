"""Ghost Robotics Minitaur, 8 motors, floating base, from pybullet_data.

Masses: `quadruped/minitaur.urdf`. Default pose, torques and the closing of the legs are those of
pybullet_envs' `minitaur.py`: each leg is a five-bar linkage of two motors and two free knees, whose shanks a
ball joint joins. The file's inertias are placeholders (1 kg·m² each); they are computed from the
shapes, as Bullet does by default. The file has no limits; a quarter turn either way from the default pose is
ours, and so are the gains and the rotor inertia. Bullet needs 300 iterations a step to keep the legs closed
without pushing the robot along, so a step takes it 0.8 ms.
"""

from __future__ import annotations

import math
from pathlib import Path

import pybullet_data

from contract.record import Joint
from sim.robots.spec import Loop, RobotSpec
from sim.robots.urdf import Urdf

LEGS = ("front_left", "back_left", "front_right", "back_right")
DIRECTION = {"left": -1.0, "right": 1.0}  # of both motors of a leg
MOTOR, KNEE = math.pi / 2, -2.1834  # rad, times the direction
TURN = math.pi / 2  # rad
EFFORT, VELOCITY = 3.5, 20.0  # N·m, rad/s
KP, KD = 20.0, 0.6  # N·m/rad, N·m·s/rad
ARMATURE = 0.003  # kg·m²
ENDS = {"R": (0.0, 0.005, 0.2), "L": (0.0, 0.01, 0.2)}  # m, of the shanks, where the ball joint is
HEIGHT = 0.22  # m
SOLVER_ITERATIONS = 300  # with 20, errors of the linkage push the robot along at 2 cm/s
FRICTION_HARDNESS = 100.0  # or its feet creep in MuJoCo
STABLE_DAMPING = 5.0  # N·m·s/rad, as tried in PyBullet


def load() -> RobotSpec:
    """The robot, from its file."""
    path = Path(pybullet_data.getDataPath()) / "quadruped" / "minitaur.urdf"
    urdf = Urdf(path)
    sides = [(leg, side) for leg in LEGS for side in ("L", "R")]
    joints = tuple(_joint(leg, side) for leg, side in sides)
    return RobotSpec(
        name="minitaur",
        urdf=path,
        joints=joints,
        joint_damping=tuple(urdf.joint(joint.name).damping for joint in joints),
        joint_armature=(ARMATURE,) * len(joints),
        base="floating",
        base_height=HEIGHT,
        feet=tuple(f"lower_leg_{leg}R_link" for leg in LEGS),
        unactuated=tuple((f"knee_{leg}{side}_link", _direction(leg) * KNEE) for leg, side in sides),
        loops=tuple(
            Loop(f"lower_leg_{leg}R_link", ENDS["R"], f"lower_leg_{leg}L_link", ENDS["L"]) for leg in LEGS
        ),
        intangible=tuple(f"lower_leg_{leg}L_link" for leg in LEGS),  # or they share the ground with the feet
        inertia_from_shapes=True,
        solver_iterations=SOLVER_ITERATIONS,
        friction_hardness=FRICTION_HARDNESS,
        stable_damping=STABLE_DAMPING,
        source="pybullet_data quadruped/minitaur.urdf (Ghost Robotics, Google)",
    )


def _direction(leg: str) -> float:
    return DIRECTION[leg.split("_")[1]]


def _joint(leg: str, side: str) -> Joint:
    default = _direction(leg) * MOTOR
    name = f"motor_{leg}{side}_joint"
    return Joint(name, default, default - TURN, default + TURN, VELOCITY, EFFORT, KP, KD)
