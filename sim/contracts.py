"""The contract of a robot doing a task: what both sides of an export agree on."""

from __future__ import annotations

from contract.errors import TerrafirmaError
from contract.record import Contract, Identity
from sim.robots.spec import RobotSpec
from sim.tasks.base import Task


def build_contract(robot: RobotSpec, task: Task, identity: Identity) -> Contract:
    """Compose robot and task; raises TerrafirmaError where they do not fit."""
    if task.name == "reach" and robot.tool is None:
        raise TerrafirmaError(f"task 'reach' needs a robot with a tool; {robot.name} has none.")
    if task.name == "velocity" and robot.gait is None:
        raise TerrafirmaError(f"task 'velocity' needs a robot with a gait; {robot.name} has none.")
    parts = task.contract(robot)
    return Contract(
        identity=identity,
        control_rate=task.control_rate,
        joints=robot.joints,
        action=parts.action,
        observation=parts.observation,
        command=parts.command,
        safety=parts.safety,
        kinematics=robot.kinematics,
    )


def unnamed_identity(robot: RobotSpec, task: Task) -> Identity:
    """Identity of a policy that nobody has trained yet."""
    return Identity(f"{robot.name}-{task.name}", robot.name, task.name, recipe_hash="", source_commit="")
