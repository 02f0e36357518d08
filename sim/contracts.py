"""The contract of a robot doing a task: what both sides of an export agree on."""

from __future__ import annotations

from contract.record import Contract, Identity
from sim.tasks.base import Task


def build_contract(task: Task, identity: Identity) -> Contract:
    """Compose the task's side with its robot's."""
    robot, parts = task.robot, task.contract()
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


def unnamed_identity(task: Task) -> Identity:
    """Identity of a policy that nobody has trained yet."""
    robot = task.robot.name
    return Identity(f"{robot}-{task.name}", robot, task.name, recipe_hash="", source_commit="")
