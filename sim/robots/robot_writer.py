"""A robot file as text, with units and warnings beside the values that they are about."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sim.robots.spec import RobotSpec

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
    ]
    if robot.tool:
        x, y, z = robot.tool.offset
        lines.append(f"tool: {{link: {_quoted(robot.tool.link)}, offset: [{x:.6g}, {y:.6g}, {z:.6g}]}}  # m")
    lines += ["locked:  # rad or m"] if robot.locked else ["locked: {}"]
    lines += [f"  {_quoted(name)}: {position:.6g}" for name, position in robot.locked]
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


def _number(value: float) -> str:
    """At full precision where rounding would move a limit; YAML wants a dot before an exponent."""
    text = repr(float(f"{value:.12g}"))
    return text if "e" not in text or "." in text.split("e")[0] else text.replace("e", ".0e")


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
