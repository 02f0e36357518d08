"""Parameters of joints, their motors, and the line over which set-points come.

Ranges end where the robots' torque control at 400 Hz would become unstable, or sooner.
"""

from __future__ import annotations

from sim.domains.parameter import joint, robot

NO_SPEED_LIMIT = 1000.0  # rad/s; from here on a motor's torque does not depend on its speed

MOTORS = (
    joint("joint_strength", "1", 0.0, 1.5, 1.0, "Factor on a motor's torque; 0 is a broken joint."),
    joint("torque_limit_scale", "1", 0.0, 2.0, 1.0, "Factor on a motor's largest torque."),
    joint("kp_scale", "1", 0.0, 2.0, 1.0, "Factor on the position gain."),
    joint("kd_scale", "1", 0.25, 1.5, 1.0, "Factor on the velocity gain."),
    joint(
        "motor_no_load_speed",
        "rad/s",
        5.0,
        NO_SPEED_LIMIT,
        NO_SPEED_LIMIT,
        "Speed at which a motor's torque has fallen linearly to 0; "
        f"at {NO_SPEED_LIMIT:g} it does not fall at all.",
    ),
    robot(
        "battery_voltage_scale",
        "1",
        0.5,
        1.2,
        1.0,
        "Battery voltage over its nominal value; scales torque limits and no-load speeds.",
    ),
)

JOINTS = (
    joint("joint_damping", "N·m·s/rad", 0.0, 50.0, None, "Viscous damping of the passive joint."),
    joint("joint_friction", "N·m", 0.0, 20.0, 0.0, "Dry friction; a smaller torque moves nothing."),
    joint("joint_armature", "kg·m²", 0.0, 1.0, None, "Rotor inertia as felt behind the gear."),
    joint("backlash", "rad", 0.0, 0.05, 0.0, "Play between motor and joint, from one flank to the other."),
)

COMMAND_LINE = (
    robot("action_latency", "s", 0.0, 0.2, 0.0, "Delay from a set-point's arrival to its effect."),
    robot(
        "action_latency_jitter",
        "s",
        0.0,
        0.2,
        0.0,
        "Largest further delay, drawn anew for each set-point; their order stays.",
    ),
    robot("packet_loss", "1", 0.0, 0.95, 0.0, "Probability that a set-point never arrives."),
)
