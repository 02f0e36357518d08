"""A robot file as text, with units and warnings beside the values that they are about."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from contract.record import Gait
from sim.robots.spec import RobotSpec, Vector

COLUMNS = ("default", "lower", "upper", "max_velocity", "max_effort", "kp", "kd", "damping", "armature")
UNITS = "rad, rad, rad, rad/s, N·m, N·m/rad, N·m·s/rad, N·m·s/rad, kg·m²"


def robot_text(robot: RobotSpec, warnings: Sequence[str], folder: Path) -> str:
    """The YAML that `sim.robots.robot_file` reads back, for a file in `folder`."""
    lines = [f"# {robot.urdf.stem}, imported from {robot.urdf.name}. Check what had to be guessed:"]
    lines += [f"# - {warning}" for warning in warnings]
    lines += [
        f"model: {_quoted(os.path.relpath(robot.urdf.absolute(), folder.absolute()))}",
        f"base: {robot.base}  # fixed, floating or planar",
        f"base_height: {robot.base_height:.6g}  # m",
        f"gravity_compensated: {str(robot.gravity_compensated).lower()}",
        f"friction_hardness: {robot.friction_hardness:.6g}  # MuJoCo's impratio",
        f"feet: [{', '.join(map(_quoted, robot.feet))}]",
        f"intangible: [{', '.join(map(_quoted, robot.intangible))}]  # links that collide with nothing",
    ]
    if robot.tool:
        lines.append(f"tool: {{link: {_quoted(robot.tool.link)}, offset: {_vector(robot.tool.offset)}}}  # m")
    lines += ["locked:  # rad or m"] if robot.locked else ["locked: {}"]
    lines += [f"  {_quoted(name)}: {position:.6g}" for name, position in robot.locked]
    lines += _gait_lines(robot.gait, [joint.name for joint in robot.joints]) if robot.gait else []
    lines.append(f"joints:  # {UNITS}")
    passive = zip(robot.joints, robot.joint_damping, robot.joint_armature, strict=True)
    for joint, damping, armature in passive:
        values = (
            joint.default_position, joint.lower, joint.upper, joint.max_velocity, joint.max_effort,
            joint.kp, joint.kd, damping, armature,
        )  # fmt: skip
        cells = ", ".join(f"{name}: {_number(value)}" for name, value in zip(COLUMNS, values, strict=True))
        lines.append(f"  {_quoted(joint.name)}: {{{cells}}}")
    return "\n".join(lines) + "\n"


def _gait_lines(gait: Gait, names: Sequence[str]) -> list[str]:
    """A trot, its legs with the names of their joints."""
    lines = [
        "gait:  # an open-loop trot, for task velocity",
        f"  frequency: {gait.frequency:.6g}  # strides/s",
        f"  body_height: {gait.body_height:.6g}  # m, hip above foot",
        f"  swing_height: {gait.swing_height:.6g}  # m",
        f"  foot_x_offset: {gait.foot_x_offset:.6g}  # m, foot ahead of its hip",
        f"  stand_below: {gait.stand_below:.6g}  # norm of the command",
        "  legs:  # abduction, thigh, knee: position = sign * angle + zero; m, rad",
    ]
    for leg in gait.legs:
        lines += [
            f"    - joints: [{', '.join(_quoted(names[index]) for index in leg.joints)}]",
            f"      hip: {_vector(leg.hip)}",
            f"      lateral_offset: {leg.lateral_offset:.6g}",
            f"      thigh: {leg.thigh:.6g}",
            f"      shank: {leg.shank:.6g}",
            f"      phase_offset: {leg.phase_offset:.6g}",
            f"      sign: {_vector(leg.sign)}",
            f"      zero: {_vector(leg.zero)}",
        ]
    return lines


def _vector(values: Vector) -> str:
    x, y, z = (value + 0.0 for value in values)  # no -0
    return f"[{x:.6g}, {y:.6g}, {z:.6g}]"


def _number(value: float) -> str:
    """At full precision where rounding would move a limit; YAML wants a dot before an exponent."""
    text = repr(float(f"{value:.12g}"))
    return text if "e" not in text or "." in text.split("e")[0] else text.replace("e", ".0e")


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
