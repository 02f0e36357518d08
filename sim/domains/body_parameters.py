"""Parameters of the world and of the robot's body in it.

Ranges end where the robots' torque control at 400 Hz would become unstable, or sooner.
"""

from __future__ import annotations

from dataclasses import replace

from sim.domains.parameter import Need, axis, joint, robot

FLOATING: Need = "floating base"

WORLD = (
    robot("gravity", "m/s²", 0.0, 30.0, 9.81, "Gravitational acceleration."),
    robot(
        "ground_roll", "rad", -0.35, 0.35, 0.0, "Slope: the ground, or a fixed base, turned about its x axis."
    ),
    robot(
        "ground_pitch",
        "rad",
        -0.35,
        0.35,
        0.0,
        "Slope: the ground, or a fixed base, turned about its y axis; positive falls away forwards.",
    ),
    robot("ground_friction", "1", 0.0, 3.0, 0.8, "Coulomb coefficient between robot and ground."),
    replace(
        robot(
            "terrain_roughness",
            "m",
            0.0,
            0.1,
            0.0,
            "Standard deviation of the heights of rough ground, new at each reset; 0 is a plane.",
            FLOATING,
        ),
        only_at_start=True,
    ),
    replace(
        robot(
            "obstacle_distance",
            "m",
            -50.0,
            50.0,
            0.0,
            "From the start along x to the near face of a wall; behind the robot if negative, 0 is no wall.",
        ),
        only_at_start=True,
    ),
    robot("ground_restitution", "1", 0.0, 0.8, 0.0, "Part of the speed with which a body leaves the ground."),
)

BODY = (
    robot("base_mass_offset", "kg", -5.0, 20.0, 0.0, "Mass added to the base link.", FLOATING),
    robot(
        "tool_mass_offset",
        "kg",
        -5.0,
        20.0,
        0.0,
        "Mass added to the link that carries the tool; the arm's own gravity compensation ignores it.",
        "tool",
    ),
    robot("link_mass_scale", "1", 0.7, 5.0, 1.0, "Factor on mass and inertia of every link."),
    robot("link_inertia_scale", "1", 0.7, 5.0, 1.0, "Factor on the inertia alone of every link."),
    replace(
        axis("base_center_offset", "m", -0.1, 0.1, "Shift of the base link's centre of mass.", FLOATING),
        only_at_start=True,  # an engine may have to load the robot anew
    ),
)

PUSHES = (
    robot("push_interval", "s", 0.05, 1000.0, 8.0, "Time from push to push; no less than one lasts."),
    robot(
        "push_velocity",
        "m/s",
        0.0,
        3.0,
        0.0,
        "Sudden change of the base's velocity by a push, in a random horizontal direction.",
        FLOATING,
    ),
    robot(
        "push_force",
        "N",
        0.0,
        300.0,
        0.0,
        "Force of a push on the base, or on the tool of a fixed base, in a random horizontal direction.",
        "floating base or a tool",
    ),
    robot("push_duration", "s", 0.0025, 10.0, 0.1, "How long the force of a push lasts."),
)

START = tuple(
    replace(parameter, only_at_start=True)
    for parameter in (
        joint("start_position_offset", "rad", -0.5, 0.5, 0.0, "Added to where the task starts a joint."),
        joint("start_joint_velocity", "rad/s", -3.0, 3.0, 0.0, "A joint's velocity at the start."),
        robot("start_height_offset", "m", 0.0, 1.0, 0.0, "Added to the base's height at first.", FLOATING),
        axis("start_rotation", "rad", -0.5, 0.5, "Rotation vector of the base at the start.", FLOATING),
        axis("start_velocity", "m/s", -3.0, 3.0, "The base's velocity at the start.", FLOATING),
    )
)
