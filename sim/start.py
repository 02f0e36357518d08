"""Where and how fast a robot starts an episode: what the task says, and what a domain adds."""

from __future__ import annotations

import numpy as np

from contract.state import Array
from sim.domains.domain import Draw
from sim.motion import StartMotion
from sim.quaternions import from_vector
from sim.robots.spec import RobotSpec


def start_position(robot: RobotSpec, draw: Draw, task: Array | None) -> Array:
    """Joint positions (n,) rad: the task's, or else the default pose, plus the domain's offset."""
    joints = robot.joints
    position = np.array([joint.default_position for joint in joints]) if task is None else task
    offset = draw["start_position_offset"]
    if not offset.any():
        return position
    low, high = [joint.lower for joint in joints], [joint.upper for joint in joints]
    return np.asarray(np.clip(position + offset, low, high))


def start_height(robot: RobotSpec, draw: Draw) -> float:
    """Height of the base, m."""
    return robot.base_height + draw.scalar("start_height_offset")


def start_motion(draw: Draw) -> StartMotion | None:
    """None where the robot starts upright and at rest."""
    names = ("start_rotation", "start_velocity", "start_joint_velocity")
    rotation, velocity, joint_velocity = (draw[name] for name in names)
    if not (rotation.any() or velocity.any() or joint_velocity.any()):
        return None
    return StartMotion(from_vector(rotation), velocity, joint_velocity)


def joints_in_motion(joint_velocity: Array) -> StartMotion:
    """A base that is upright and at rest, and joints (n,) rad/s that are not."""
    return StartMotion(np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(3), joint_velocity)
