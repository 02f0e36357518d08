"""A trot for a quadruped of which nothing is known but its URDF.

A leg is measured with all joints at 0: which way each joint turns, where the leg would hang straight down,
and how long its parts are. The result is tried: a leg whose foot does not get where the trot puts it is
none of the kind that `contract.gait` knows, and then there is no gait.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from contract.gait import TrotGenerator
from contract.kinematics import ForwardKinematics
from contract.record import Gait, Joint, KinematicJoint, Kinematics, Leg
from contract.rotation import rpy_matrix
from contract.state import Array

CROUCH = 0.6  # body height in units of the leg's length; at 0.85 a narrow robot falls sideways
SWING = 0.2  # swing height in units of the body height
FREQUENCY, HEIGHT = 3.4, 0.27  # strides/s at a body height in m; as a pendulum's, slower where longer
STAND_BELOW = 0.05  # norm of the command
ALIGNED = 0.99  # least cosine between an axis and the one that it is taken for
MISS = 0.015  # m by which a foot may miss
TRIED = np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, 0.8]])  # m/s, rad/s


@dataclass(frozen=True)
class Chain:
    """A leg as the URDF has it: indices of its joints, and the chain to its foot."""

    joints: tuple[int, ...]
    kinematics: Kinematics


def guess_gait(chains: list[Chain], default_position: Array) -> Gait | str:
    """A trot, or why there is none; `default_position` (n,) rad is of all joints."""
    if len(chains) != 4 or any(len(chain.joints) != 3 for chain in chains):
        return f"needs four legs of three joints, not {[len(chain.joints) for chain in chains]}"
    measured = [_measured(chain) for chain in chains]
    legs = [leg for leg in measured if leg is not None]
    if len(legs) < 4:
        return "needs legs that turn about x, y and y of the base: abduction, thigh, knee"
    middle = float(np.mean([leg.hip[0] for leg in legs]))
    corners = {(leg.hip[0] > middle, leg.hip[1] > 0.0): leg for leg in legs}
    if len(corners) < 4:
        return "needs a leg at each corner of the body"
    alike = [_averaged(leg, corners[leg.hip[0] > middle, leg.hip[1] <= 0.0]) for leg in legs]
    phased = tuple(
        replace(leg, phase_offset=0.5 * ((leg.hip[0] > middle) == (leg.hip[1] > 0.0))) for leg in alike
    )
    height = round(CROUCH * float(np.mean([leg.thigh + leg.shank for leg in phased])), 3)
    frequency = round(FREQUENCY * math.sqrt(HEIGHT / height), 2)
    gait = Gait(phased, frequency, height, round(SWING * height, 3), 0.0, STAND_BELOW)
    miss = _miss(gait, chains, default_position)
    return gait if miss < MISS else f"the feet would miss their places by up to {miss:.3f} m"


def stand_in(gait: Gait, joints: tuple[Joint, ...]) -> tuple[Joint, ...] | str:
    """The joints with the pose that the trot stands in as their default, or why they cannot stand so."""
    default = np.array([joint.default_position for joint in joints])
    pose = TrotGenerator(gait, default).joint_position(0.0, np.zeros(3))
    outside = [j.name for j, angle in zip(joints, pose, strict=True) if not j.lower <= angle <= j.upper]
    if outside:
        return f"its knees bend backwards, and the limits of {', '.join(outside)} exclude that"
    return tuple(replace(j, default_position=round(float(q), 6)) for j, q in zip(joints, pose, strict=True))


def _measured(chain: Chain) -> Leg | None:
    """The leg, with its phase still open; None where its axes are others than a leg's."""
    axes, points = _at_zero(chain.kinematics)
    if abs(axes[0][0]) < ALIGNED:
        return None
    # turned so that the second axis is that of the thigh: along y, whichever way it is the nearer
    tilted = math.atan2(axes[1][2], axes[1][1])
    turn = (tilted + math.pi / 2) % math.pi - math.pi / 2
    upright = rpy_matrix((-turn, 0.0, 0.0))
    axes = axes @ upright.T
    points = points[0] + (points - points[0]) @ upright.T
    if min(abs(axes[1][1]), abs(axes[2][1])) < ALIGNED:
        return None
    thigh, shank = points[2] - points[1], points[3] - points[2]
    thigh_angle = math.atan2(-thigh[0], -thigh[2])
    knee_angle = _wrapped(math.atan2(-shank[0], -shank[2]) - thigh_angle)
    signs = [float(np.sign(axes[0][0])), float(np.sign(axes[1][1])), float(np.sign(axes[2][1]))]
    angles = turn, thigh_angle, knee_angle
    return Leg(
        joints=(chain.joints[0], chain.joints[1], chain.joints[2]),
        hip=(float(points[1][0]), float(points[0][1]), float(points[0][2])),
        lateral_offset=float(points[3][1] - points[0][1]),
        thigh=math.hypot(thigh[0], thigh[2]),
        shank=math.hypot(shank[0], shank[2]),
        phase_offset=0.0,
        sign=(signs[0], signs[1], signs[2]),
        zero=(-signs[0] * angles[0], -signs[1] * angles[1], -signs[2] * angles[2]),
    )


def _at_zero(kinematics: Kinematics) -> tuple[Array, Array]:
    """Axes (3, 3) and origins with the foot (4, 3) m, in the base frame, with all joints at 0."""
    rotation, point = np.eye(3), np.zeros(3)
    axes, points = [], []
    for joint in kinematics.joints:
        point = point + rotation @ joint.xyz
        rotation = rotation @ rpy_matrix(joint.rpy)
        axes.append(rotation @ _unit(joint))
        points.append(point)
    return np.array(axes), np.array([*points, point + rotation @ kinematics.tool])


def _unit(joint: KinematicJoint) -> Array:
    return np.asarray(np.array(joint.axis) / np.linalg.norm(joint.axis))


def _wrapped(angle: float) -> float:
    """In [-π, π)."""
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


def _averaged(leg: Leg, other: Leg) -> Leg:
    """Alike on both sides, as built: URDFs are often a millimetre out."""
    (x, y, z), (ox, oy, oz) = leg.hip, other.hip
    side = math.copysign(1.0, y)
    return replace(
        leg,
        hip=(_mean(x, ox), side * _mean(abs(y), abs(oy)), _mean(z, oz)),
        lateral_offset=side * _mean(side * leg.lateral_offset, -side * other.lateral_offset),
        thigh=_mean(leg.thigh, other.thigh),
        shank=_mean(leg.shank, other.shank),
        zero=tuple(round(angle, 5) for angle in leg.zero),  # type: ignore[arg-type]
    )


def _mean(a: float, b: float) -> float:
    return round((a + b) / 2.0, 5)


def _miss(gait: Gait, chains: list[Chain], default_position: Array) -> float:
    """How far (m) a foot is at most from where the trot means it to be, over a stride of some commands."""
    trot, straight = TrotGenerator(gait, default_position), _straight(gait)
    worst = 0.0
    for time in np.linspace(0.0, 1.0 / gait.frequency, 9):
        joints = trot.joint_position(float(time), TRIED)
        meant = straight.joint_position(float(time), TRIED)
        for leg, chain in zip(gait.legs, chains, strict=True):
            foot = ForwardKinematics(chain.kinematics).tool_position(joints[:, list(leg.joints)])
            ideal = _ideal_foot(leg, meant[:, list(leg.joints)])
            worst = max(worst, float(np.linalg.norm(foot - ideal, axis=1).max()))
    return worst


def _straight(gait: Gait) -> TrotGenerator:
    """The same trot in angles, for joints that are 0 where a leg hangs straight down."""
    legs = tuple(replace(leg, sign=(1.0,) * 3, zero=(0.0,) * 3) for leg in gait.legs)
    return TrotGenerator(replace(gait, legs=legs), np.zeros(1 + max(max(leg.joints) for leg in legs)))


def _ideal_foot(leg: Leg, angles: Array) -> Array:
    """Feet (k, 3) m in the base frame for angles (k, 3) of an ideal leg, link by link."""
    abduction, thigh, knee = angles.T
    x = -leg.thigh * np.sin(thigh) - leg.shank * np.sin(thigh + knee)
    z = -leg.thigh * np.cos(thigh) - leg.shank * np.cos(thigh + knee)
    y = leg.lateral_offset
    turned = np.cos(abduction) * y - np.sin(abduction) * z, np.sin(abduction) * y + np.cos(abduction) * z
    return np.stack([x, *turned], axis=1) + leg.hip
