"""What the documentation says about each robot, written from its spec and its file's docstring."""

from __future__ import annotations

import sys

from sim import markdown
from sim.robots import ROBOTS, load_robot
from sim.robots.model import facts
from sim.robots.spec import RobotSpec

JOINT_HEADER = (
    "index", "joint", "default (rad)", "limits (rad)", "max. velocity (rad/s)", "max. effort (N·m)",
    "kp (N·m/rad)", "kd (N·m·s/rad)", "damping (N·m·s/rad)", "armature (kg·m²)",
)  # fmt: skip
OVERVIEW_HEADER = ("robot", "joints", "base", "mass (kg)", "feet", "tool", "source")


def overview() -> str:
    """One row a robot."""
    return markdown.table(OVERVIEW_HEADER, [_row(load_robot(name)) for name in ROBOTS])


def portraits() -> str:
    """For each robot: picture, what its file says about itself, and its joints."""
    return "\n\n".join(_section(load_robot(name)) for name in ROBOTS)


def _row(robot: RobotSpec) -> tuple[object, ...]:
    mass = sum(link.mass for link in facts(robot).links.values())
    name = f"[`{robot.name}`](#{robot.name.lower()})"
    tool = f"`{robot.tool.link}`" if robot.tool else "none"
    return name, len(robot.joints), robot.base, f"{mass:.1f}", len(robot.feet), tool, robot.source


def _section(robot: RobotSpec) -> str:
    text = (sys.modules[ROBOTS[robot.name].__module__].__doc__ or "").strip()
    picture = f"![{robot.name} in its default pose](images/robots/{robot.name}.jpg)"
    return "\n\n".join([f"### {robot.name}", picture, text, joints(robot)])


def joints(robot: RobotSpec) -> str:
    """The table of a robot's joints."""
    rows = []
    passive = zip(robot.joints, robot.joint_damping, robot.joint_armature, strict=True)
    for i, (joint, damping, armature) in enumerate(passive):
        limits = f"{joint.lower:.3f} to {joint.upper:.3f}"
        numbers = (joint.max_velocity, joint.max_effort, joint.kp, joint.kd, damping, armature)
        default = f"{joint.default_position:g}"
        rows.append((i, f"`{joint.name}`", default, limits, *(f"{number:g}" for number in numbers)))
    return markdown.table(JOINT_HEADER, rows)
