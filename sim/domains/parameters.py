"""Every quantity that a domain may change: one table for files, engines, `info` and docs.

Ranges end where the robots' torque control at 400 Hz would become unstable, or sooner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NO_SPEED_LIMIT = 1000.0  # rad/s; from here on a motor's torque does not depend on its speed


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


def _robot(name: str, unit: str, low: float, high: float, nominal: float, description: str) -> Parameter:
    """One number for the robot."""
    return Parameter(name, unit, low, high, nominal, "scalar", description)


def _floating(name: str, unit: str, low: float, high: float, nominal: float, description: str) -> Parameter:
    """One number for a robot whose base floats."""
    return Parameter(name, unit, low, high, nominal, "scalar", description, "floating base")


def _joint(
    name: str, unit: str, low: float, high: float, nominal: float | None, description: str
) -> Parameter:
    """One number a joint."""
    return Parameter(name, unit, low, high, nominal, "joint", description)


_BODIES = (
    _robot("gravity", "m/s²", 0.0, 30.0, 9.81, "Gravitational acceleration, along -z."),
    _robot("ground_friction", "1", 0.0, 3.0, 0.8, "Coulomb coefficient between robot and ground."),
    _floating("base_mass_offset", "kg", -5.0, 20.0, 0.0, "Mass added to the base link."),
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
    _robot("link_mass_scale", "1", 0.7, 5.0, 1.0, "Factor on mass and inertia of every link."),
)

_ACTUATORS = (
    _joint("joint_strength", "1", 0.0, 1.5, 1.0, "Factor on a motor's torque; 0 is a broken joint."),
    _joint("torque_limit_scale", "1", 0.0, 2.0, 1.0, "Factor on a motor's largest torque."),
    _joint("kp_scale", "1", 0.0, 2.0, 1.0, "Factor on the position gain."),
    _joint("kd_scale", "1", 0.25, 1.5, 1.0, "Factor on the velocity gain."),
    _joint(
        "motor_no_load_speed",
        "rad/s",
        5.0,
        NO_SPEED_LIMIT,
        NO_SPEED_LIMIT,
        "Speed at which a motor's torque has fallen linearly to 0; "
        f"at {NO_SPEED_LIMIT:g} it does not fall at all.",
    ),
    _robot(
        "battery_voltage_scale",
        "1",
        0.5,
        1.2,
        1.0,
        "Battery voltage over its nominal value; scales torque limits and no-load speeds.",
    ),
    _joint("joint_damping", "N·m·s/rad", 0.0, 50.0, None, "Viscous damping of the passive joint."),
    _joint(
        "joint_friction", "N·m", 0.0, 20.0, 0.0, "Dry friction of the joint; a smaller torque moves nothing."
    ),
    _joint("joint_armature", "kg·m²", 0.0, 1.0, None, "Rotor inertia as felt behind the gear."),
    _joint("backlash", "rad", 0.0, 0.05, 0.0, "Play between motor and joint, from one flank to the other."),
    _robot("action_latency", "s", 0.0, 0.2, 0.0, "Delay from a set-point's arrival to its effect."),
    _robot(
        "action_latency_jitter",
        "s",
        0.0,
        0.2,
        0.0,
        "Largest further delay, drawn anew for each set-point; their order stays.",
    ),
    _robot("packet_loss", "1", 0.0, 0.95, 0.0, "Probability that a set-point never arrives."),
)

_SENSORS = (
    _joint("joint_position_noise", "rad", 0.0, 0.5, 0.0, "Standard deviation of encoder readings."),
    _joint("joint_velocity_noise", "rad/s", 0.0, 10.0, 0.0, "Standard deviation of joint velocities."),
    _joint(
        "encoder_offset",
        "rad",
        -0.2,
        0.2,
        0.0,
        "Constant error of an encoder; the joint's controller reads it too and settles as much too low.",
    ),
    _robot("gyro_noise", "rad/s", 0.0, 5.0, 0.0, "Standard deviation of each gyro axis."),
    _robot(
        "orientation_noise",
        "rad",
        0.0,
        0.5,
        0.0,
        "Standard deviation of the estimated orientation about each axis.",
    ),
)

PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter for parameter in (*_BODIES, *_ACTUATORS, *_SENSORS)
}
