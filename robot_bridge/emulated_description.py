"""The URDF of an emulated robot, as it says it on robot_description."""

from __future__ import annotations

from xml.etree import ElementTree

from sim.robots.model import description
from sim.robots.spec import RobotSpec


def description_text(robot: RobotSpec) -> str:
    """The model that the engines get, with the limits that its joints really have here."""
    root = description(robot)
    joints = {joint.get("name"): joint for joint in root.findall("joint")}
    for joint in robot.joints:
        element = joints[joint.name]
        limit = element.find("limit")
        if limit is None:
            limit = ElementTree.SubElement(element, "limit")
        values = (joint.lower, joint.upper, joint.max_velocity, joint.max_effort)
        for name, value in zip(("lower", "upper", "velocity", "effort"), values, strict=True):
            limit.set(name, repr(value))
    return ElementTree.tostring(root, encoding="unicode")
