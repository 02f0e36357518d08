"""Parameters of the robot's own sensors."""

from __future__ import annotations

from sim.domains.parameter import Need, axis, joint, robot

FLOATING: Need = "floating base"

ENCODERS = (
    joint("joint_position_noise", "rad", 0.0, 0.5, 0.0, "Standard deviation of encoder readings."),
    joint("joint_velocity_noise", "rad/s", 0.0, 10.0, 0.0, "Standard deviation of joint velocities."),
    joint("joint_velocity_bias", "rad/s", -2.0, 2.0, 0.0, "Constant error of a joint velocity's reading."),
    joint(
        "encoder_offset",
        "rad",
        -0.2,
        0.2,
        0.0,
        "Constant error of an encoder; the joint's controller reads it too and settles as much too low.",
    ),
    robot("joint_sensor_latency", "s", 0.0, 0.2, 0.0, "Age of joint positions, velocities and efforts."),
)

IMU = (
    robot("gyro_noise", "rad/s", 0.0, 5.0, 0.0, "Standard deviation of each gyro axis."),
    axis("gyro_bias", "rad/s", -1.0, 1.0, "Constant error of a gyro axis.", FLOATING),
    robot(
        "accelerometer_noise",
        "m/s²",
        0.0,
        20.0,
        0.0,
        "Standard deviation of each accelerometer axis.",
        FLOATING,
    ),
    axis("accelerometer_bias", "m/s²", -5.0, 5.0, "Constant error of an accelerometer axis.", FLOATING),
    robot(
        "orientation_noise",
        "rad",
        0.0,
        0.5,
        0.0,
        "Standard deviation of the estimated orientation about each axis.",
    ),
    axis("imu_misalignment", "rad", -0.3, 0.3, "Rotation vector from the base to the IMU.", FLOATING),
    robot("imu_latency", "s", 0.0, 0.2, 0.0, "Age of what the IMU says.", FLOATING),
)

LINE = (
    robot(
        "sensor_loss",
        "1",
        0.0,
        0.95,
        0.0,
        "Probability that a reading never arrives; the one before it stays.",
    ),
)
