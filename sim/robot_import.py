"""From any URDF to a robot file: what the URDF says, and guesses, marked as such, for what it does not.

Joints that slide or follow others are locked: actions are angles. Gains are in proportion to the torque
limits, as those of the robots here roughly are. Rotor inertia is the least with which damping by torques
cannot ring in any pose, whatever the links weigh: dt · kd / armature = 1/2.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from contract.errors import TerrafirmaError
from contract.record import Gait, Joint, Kinematics
from sim.gait_guess import Chain, guess_gait, stand_in
from sim.leg_pose import end_of, standing_pose
from sim.robot_measures import measure
from sim.robot_trial import trials
from sim.robots.chain import serial_chain
from sim.robots.inertia import repair_inertias
from sim.robots.model import facts
from sim.robots.spec import Base, RobotSpec, Tool
from sim.robots.urdf import Urdf, UrdfJoint, read_description
from sim.robots.urdf_check import checked_urdf

STIFFNESS = 2.0  # 1/rad, kp in units of the largest torque
DAMPING = {"fixed": 1 / 15, "floating": 1 / 50, "planar": 1 / 50}  # s, kd in units of kp
EFFORT, VELOCITY = 50.0, 10.0  # N·m, rad/s, where the file has none
STEADINESS = 6.0  # 1/rad, least kp in units of the robot's weight on the end of a level thigh
STANDARD_GRAVITY = 9.81  # m/s²
NO_LIMITS = (-3.14159, 3.14159)  # rad, what a joint has whose file gives it none
CLEARANCE = 0.005  # m
FOOT = 0.02  # m above a limb's lowest point, within which a link fixed to its end is the foot


@dataclass
class Draft:
    """A robot and everything that had to be guessed about it."""

    spec: RobotSpec
    warnings: list[str] = field(default_factory=list)


def draft_robot(path: Path, base: Base | None = None) -> Draft:
    """Read a URDF, guess what it does not say, and try the result in both engines.

    Raises:
        TerrafirmaError: the URDF is broken, or an engine cannot load it.
    """
    urdf = checked_urdf(path)
    warnings = repair_inertias(read_description(path))
    limbs = _limbs(urdf)
    if base is None:
        base = "floating" if len(limbs) > 1 and urdf.base != "world" else "fixed"
        reason = f"{len(limbs)} limb(s) on {urdf.base!r}"
        warnings.append(f"base: guessed {base}, from {reason}; --base says otherwise")
    actuated, locked = _sorted_joints(urdf, [joint for limb in limbs for joint in limb], warnings)
    joints = tuple(_joint(joint, base) for joint in actuated)
    _warn_of_gaps(actuated, warnings)
    spec = RobotSpec(
        name=path.stem,
        urdf=path,
        joints=joints,
        joint_damping=tuple(joint.damping for joint in actuated),
        joint_armature=tuple(2 * RobotSpec.time_step * joint.kd for joint in joints),
        base=base,
        base_height=0.0,
        locked=locked,
        friction_hardness=100.0 if base != "fixed" else 1.0,
        source=str(path),
    )
    warnings.append("joints: kp, kd and armature are guessed, from the torque limits and a walker's weight")
    complete = _with_tool if base == "fixed" else _with_feet
    spec = complete(spec, urdf, limbs, warnings)
    warnings += [complaint for trial in trials(spec) for complaint in trial.complaints]
    return Draft(spec, warnings)


def _limbs(urdf: Urdf) -> list[list[UrdfJoint]]:
    """Joints in the order of the tree, one list for each branch that leaves the base."""
    limbs: list[list[UrdfJoint]] = []

    def walk(link: str, limb: list[UrdfJoint] | None) -> None:
        for child, (parent, _) in urdf.fixed.items():
            if parent == link:
                walk(child, limb)
        for joint in urdf.joints.values():
            if joint.parent == link:
                branch = limb if limb is not None else []
                if limb is None:
                    limbs.append(branch)
                branch.append(joint)
                walk(joint.child, branch)

    walk(urdf.base, None)
    return limbs


def _sorted_joints(
    urdf: Urdf, joints: list[UrdfJoint], warnings: list[str]
) -> tuple[list[UrdfJoint], tuple[tuple[str, float], ...]]:
    """Joints that get a motor, and those that are locked, with their positions."""
    actuated, locked = [], []
    for joint in joints:
        if joint.kind != "prismatic" and not joint.follows:
            actuated.append(joint)
            continue
        why = f"it follows {joint.follows!r}" if joint.follows else "it slides, and actions are angles"
        position = float(np.clip(0.0, joint.lower, joint.upper))
        warnings.append(f"joint {joint.name}: locked at {position:g}, because {why}")
        locked.append((joint.name, position))
    if not actuated:
        raise TerrafirmaError(f"{urdf.path}: no joint turns on its own; nothing could be controlled.")
    return actuated, tuple(locked)


def _joint(joint: UrdfJoint, base: Base) -> Joint:
    default = 0.0 if joint.lower < 0.0 < joint.upper else (joint.lower + joint.upper) / 2.0
    effort, velocity = joint.effort or EFFORT, joint.velocity or VELOCITY
    kp = STIFFNESS * effort
    return Joint(joint.name, default, joint.lower, joint.upper, velocity, effort, kp, DAMPING[base] * kp)


def _warn_of_gaps(joints: list[UrdfJoint], warnings: list[str]) -> None:
    """One warning for each thing that the file does not say of some joints."""
    gaps = {
        f"max_effort guessed, {EFFORT:g} N·m": [j.name for j in joints if not j.effort],
        f"max_velocity guessed, {VELOCITY:g} rad/s": [j.name for j in joints if not j.velocity],
        "no limits, so a turn from -π to π": [j.name for j in joints if (j.lower, j.upper) == NO_LIMITS],
    }
    warnings += [f"joints: {what}: {', '.join(names)}" for what, names in gaps.items() if names]


def _with_tool(spec: RobotSpec, urdf: Urdf, limbs: list[list[UrdfJoint]], warnings: list[str]) -> RobotSpec:
    """A single arm carries its own weight and has a tool where its last fixed link is."""
    try:
        serial_chain(facts(spec), tuple(joint.name for joint in spec.joints))
    except TerrafirmaError:
        warnings.append(f"tool: none, {len(limbs)} limbs are no single arm; nothing carries their weight")
        return spec
    link = urdf.joint(spec.joints[-1].name).child
    ends = [(child, origin.xyz) for child, (parent, origin) in urdf.fixed.items() if parent == link]
    offset = ends[-1][1] if ends else (0.0, 0.0, 0.0)
    where = f"the origin of {ends[-1][0]!r}" if ends else f"the origin of {link!r}"
    warnings.append(f"tool: guessed, {where}")
    warnings.append("joints: default positions are guessed: 0, or the middle of limits that exclude 0")
    warnings.append("gravity_compensated: guessed, as most arms' own controllers carry their weight")
    return replace(spec, tool=Tool(link, offset), gravity_compensated=True)


def _with_feet(spec: RobotSpec, urdf: Urdf, limbs: list[list[UrdfJoint]], warnings: list[str]) -> RobotSpec:
    """The lowest colliding link of each limb is its foot; the base is put where the lowest touches."""
    pose: dict[str, float] = {}
    for limb in limbs:
        pose |= standing_pose(urdf, limb)
    joints = (replace(j, default_position=pose.get(j.name, j.default_position)) for j in spec.joints)
    spec = replace(spec, joints=tuple(joints))
    if spec.base == "floating":
        spec = _with_gait(spec, urdf, limbs, warnings)
    if spec.gait is None:
        warnings.append("joints: default positions are guessed: each limb's end under its first joint")
    lows = measure(spec).lowest
    rigid = {link: parent for link, (parent, _) in facts(spec).fixed.items()}
    feet = []
    for limb in limbs:
        links = {joint.child for joint in limb}
        links |= {link for link in rigid if _carrier(link, rigid) in links}
        colliding = sorted(link for link in links if link in lows)
        if colliding:
            ground = min(lows[link] for link in colliding) + FOOT
            # a shank may reach as low as the foot that is fixed to it
            feet.append(min(colliding, key=lambda link: (lows[link] > ground, link not in rigid, lows[link])))
    warnings.append("feet: guessed, the lowest colliding link of each limb in the default pose")
    height = max(0.0, round(-min(lows.values(), default=0.0) + CLEARANCE, 4))
    warnings.append(f"base_height: {height:g} m, where the default pose just touches the ground")
    return replace(spec, feet=tuple(feet), base_height=height)


def _with_gait(spec: RobotSpec, urdf: Urdf, limbs: list[list[UrdfJoint]], warnings: list[str]) -> RobotSpec:
    """With a trot, its feet under the centre of mass, where the legs are those of a quadruped."""
    names = [joint.name for joint in spec.joints]
    try:
        chains = [_chain(urdf, limb, names) for limb in limbs]
    except (TerrafirmaError, ValueError):  # a limb that branches, or has a locked joint
        warnings.append("gait: none, its legs are no single chains of turning joints; no task velocity")
        return spec
    default = np.array([joint.default_position for joint in spec.joints])
    gait = guess_gait(chains, default)
    joints = gait if isinstance(gait, str) else stand_in(gait, spec.joints)
    if isinstance(gait, str) or isinstance(joints, str):
        warnings.append(f"gait: none, so no task velocity: {joints}")
        return spec
    measured = measure(replace(spec, joints=joints))
    ahead = round(measured.center[0] - float(np.mean([leg.hip[0] for leg in gait.legs])), 3)
    gait = replace(gait, foot_x_offset=ahead)
    settled = stand_in(gait, _stiffened(joints, measured.mass, gait))
    warnings.append("gait: guessed from the legs' geometry; the default positions are where it stands")
    if isinstance(settled, str):
        raise TerrafirmaError(f"{spec.urdf}: its feet cannot be below its centre of mass: {settled}.")
    armature = tuple(2 * spec.time_step * joint.kd for joint in settled)
    return replace(spec, gait=gait, joints=settled, joint_armature=armature)


def _stiffened(joints: tuple[Joint, ...], mass: float, gait: Gait) -> tuple[Joint, ...]:
    """Stiff enough to trot on two legs without sagging, whatever the torque limits."""
    thigh = max(leg.thigh for leg in gait.legs)
    least = float(f"{STEADINESS * mass * STANDARD_GRAVITY * thigh:.2g}")
    return tuple(replace(j, kp=max(j.kp, least), kd=max(j.kd, least * DAMPING["floating"])) for j in joints)


def _chain(urdf: Urdf, limb: list[UrdfJoint], names: list[str]) -> Chain:
    own = tuple(joint.name for joint in limb)
    kinematics = Kinematics(serial_chain(urdf, own), end_of(urdf, limb[-1].child))
    return Chain(tuple(names.index(name) for name in own), kinematics)


def _carrier(link: str, rigid: dict[str, str]) -> str:
    """The moving link that `link` is fixed to, at last."""
    while link in rigid:
        link = rigid[link]
    return link
