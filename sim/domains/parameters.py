"""Every quantity that a domain may change: one table for files, engines, `info` and docs.

Ranges end where the robots' torque control at 400 Hz would become unstable, or sooner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Parameter:
    """One physical quantity of a domain.

    `nominal` is used where a domain says nothing; None means "as the robot's file says".
    """

    name: str
    unit: str
    low: float
    high: float
    nominal: float | None
    scope: Literal["scalar", "joint"]
    description: str
    needs: Literal["", "floating base", "tool"] = ""


_TABLE = (
    Parameter("gravity", "m/s²", 0.0, 30.0, 9.81, "scalar", "Gravitational acceleration, along -z."),
    Parameter(
        "ground_friction", "1", 0.0, 3.0, 0.8, "scalar", "Coulomb coefficient between robot and ground."
    ),
    Parameter(
        "base_mass_offset", "kg", -5.0, 20.0, 0.0, "scalar", "Mass added to the base link.", "floating base"
    ),
    Parameter(
        "tool_mass_offset",
        "kg",
        -5.0,
        20.0,
        0.0,
        "scalar",
        "Mass added to the link that carries the tool; the arm's own gravity compensation ignores it.",
        "tool",
    ),
    Parameter("link_mass_scale", "1", 0.7, 5.0, 1.0, "scalar", "Factor on mass and inertia of every link."),
    Parameter(
        "joint_strength", "1", 0.0, 1.5, 1.0, "joint", "Factor on a motor's torque; 0 is a broken joint."
    ),
    Parameter(
        "joint_damping", "N·m·s/rad", 0.0, 50.0, None, "joint", "Viscous damping of the passive joint."
    ),
    Parameter("joint_armature", "kg·m²", 0.0, 1.0, None, "joint", "Rotor inertia as felt behind the gear."),
    Parameter(
        "action_latency", "s", 0.0, 0.2, 0.0, "scalar", "Delay from a set-point's arrival to its effect."
    ),
    Parameter(
        "joint_position_noise", "rad", 0.0, 0.5, 0.0, "joint", "Standard deviation of encoder readings."
    ),
    Parameter(
        "joint_velocity_noise", "rad/s", 0.0, 10.0, 0.0, "joint", "Standard deviation of joint velocities."
    ),
    Parameter("gyro_noise", "rad/s", 0.0, 5.0, 0.0, "scalar", "Standard deviation of each gyro axis."),
    Parameter(
        "orientation_noise",
        "rad",
        0.0,
        0.5,
        0.0,
        "scalar",
        "Standard deviation of the estimated orientation about each axis.",
    ),
)

PARAMETERS: dict[str, Parameter] = {parameter.name: parameter for parameter in _TABLE}
