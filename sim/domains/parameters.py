"""Every quantity that a domain may change: one table for files, engines, `info` and docs."""

from __future__ import annotations

from sim.domains import body_parameters as body
from sim.domains import motor_parameters as motor
from sim.domains import sensor_parameters as sensor
from sim.domains.motor_parameters import NO_SPEED_LIMIT
from sim.domains.parameter import Parameter

__all__ = ["GROUPS", "NO_SPEED_LIMIT", "PARAMETERS", "Parameter"]

GROUPS: dict[str, tuple[Parameter, ...]] = {
    "World": body.WORLD,
    "Body": body.BODY,
    "Motors": motor.MOTORS,
    "Joints": motor.JOINTS,
    "Command line": motor.COMMAND_LINE,
    "Joint sensors": sensor.ENCODERS,
    "IMU": sensor.IMU,
    "Sensor line": sensor.LINE,
    "Pushes": body.PUSHES,
    "Start of an episode": body.START,
}

PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter for group in GROUPS.values() for parameter in group
}
