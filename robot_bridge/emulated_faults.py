"""What goes wrong with an emulated robot, without ROS: its body through the domain, its messages here.

Faults are a YAML mapping, in a parameter that can be set while the robot runs:

    parameters: {joint_strength: {lbr_iiwa_joint_4: 0}}   as in a domain file, from now on
    silent: [imu]              no such message is sent
    frozen: [joint_states]     the last one is sent again and again, stamped when it was measured
    stuck: [joint_states]      the last reading is sent again and again, under new stamps
    nan: [imu]                 the readings are not numbers
    missing: [lbr_iiwa_joint_4]  joints that the message leaves out
    shuffled: true             joints in another order
    turned: 1.57               rad, about x, of the IMU
    late: 0.05                 s, by which messages are held back
    stamp_shift: -2.0          s, of all stamps
    clock_shift: 60.0          s, of /clock

What is not named is sound, so an empty text ends all faults.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import yaml

from contract.errors import DomainError, TerrafirmaError, UnknownNameError
from contract.state import RobotState
from sim.domains.domain import Domain
from sim.domains.reader import parse_domain
from sim.domains.setting import Setting
from sim.quaternions import from_vector, product
from sim.robots.spec import RobotSpec

SENSORS = ("joint_states", "imu", "object_pose")
MESSAGES = (*SENSORS, "clock")
LISTS = {"silent": MESSAGES, "frozen": SENSORS, "stuck": SENSORS, "nan": SENSORS}
NUMBERS = ("turned", "late", "stamp_shift", "clock_shift")
MADE_WITH = ("joint_sensor_latency", "imu_latency", "terrain_roughness", "obstacle_distance", "push_interval")
KEYS = ("parameters", *LISTS, "missing", "shuffled", *NUMBERS)
MAX_BYTES = 100_000
LATEST = 10.0  # s


@dataclass(frozen=True)
class Faults:
    """What is wrong now."""

    settings: tuple[Setting, ...] = ()
    silent: frozenset[str] = frozenset()
    frozen: frozenset[str] = frozenset()
    stuck: frozenset[str] = frozenset()
    nan: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    shuffled: bool = False
    turned: float = 0.0  # rad
    late: float = 0.0  # s
    stamp_shift: float = 0.0  # s
    clock_shift: float = 0.0  # s


def parse_faults(text: str, robot: RobotSpec, engine: str) -> Faults:
    """Read faults of a robot in an engine.

    Raises:
        TerrafirmaError: with what is wrong, and what would be right.
    """
    if len(text) > MAX_BYTES:
        raise TerrafirmaError(f"faults: {len(text)} characters are no faults.")
    try:
        given = yaml.safe_load(text) or {}
    except (yaml.YAMLError, RecursionError) as error:
        raise TerrafirmaError(f"faults: not valid YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(given, dict):
        raise TerrafirmaError(f"faults: expected a mapping such as {{silent: [imu]}}, got {given!r}.")
    for key in given:
        if key not in KEYS:
            raise UnknownNameError("fault", key, KEYS)
    joints = tuple(joint.name for joint in robot.joints)
    names: dict[str, Any] = {
        key: _names(given, key, valid) for key, valid in (LISTS | {"missing": joints}).items()
    }
    shuffled = given.get("shuffled", False)
    if not isinstance(shuffled, bool):
        raise TerrafirmaError(f"faults: shuffled: expected true or false, got {shuffled!r}.")
    numbers: dict[str, Any] = {key: _number(given, key) for key in NUMBERS}
    if not 0.0 <= numbers["late"] <= LATEST:
        raise TerrafirmaError(f"faults: late: {numbers['late']:g} s is not within [0, {LATEST:g}].")
    return Faults(_settings(given, robot, engine), **names, shuffled=shuffled, **numbers)


def _names(given: Mapping[str, Any], key: str, valid: tuple[str, ...]) -> frozenset[str]:
    names = given.get(key, [])
    if not isinstance(names, list):
        raise TerrafirmaError(f"faults: {key}: expected a list such as [{valid[0]}], got {names!r}.")
    for name in names:
        if name not in valid:
            raise UnknownNameError(f"name in faults: {key}", name, valid)
    return frozenset(names)


def _number(given: Mapping[str, Any], key: str) -> float:
    value = given.get(key, 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TerrafirmaError(f"faults: {key}: expected a finite number, got {value!r}.")
    return float(value)


def _settings(given: Mapping[str, Any], robot: RobotSpec, engine: str) -> tuple[Setting, ...]:
    if "parameters" not in given:
        return ()
    text = yaml.safe_dump({"engine": engine, "parameters": given["parameters"]})
    domain: Domain = parse_domain(text, "faults")
    domain.check(robot)
    for setting in domain.settings:
        name = setting.parameter.name
        if setting.parameter.only_at_start or name in MADE_WITH:
            raise DomainError(f"faults: {name} cannot change while the robot runs; set it in its domain.")
    return domain.settings


class FaultyMessages:
    """Makes of the readings that a robot has what it sends."""

    def __init__(self, joints: tuple[str, ...]) -> None:
        self._joints = joints
        self._kept: dict[str, RobotState] = {}
        self.faults = Faults()

    def sends(self, message: str) -> bool:
        """Whether a message of this kind is sent at all."""
        return message not in self.faults.silent

    def reading(self, message: str, state: RobotState) -> RobotState:
        """The reading of `message` that is sent instead of `state`; stamps in ns."""
        faults = self.faults
        if message not in faults.frozen | faults.stuck:
            self._kept.pop(message, None)
        kept = self._kept.setdefault(message, state) if message in faults.frozen | faults.stuck else state
        stamp = kept.stamp if message in faults.frozen else state.stamp
        sent = replace(kept, stamp=stamp + round(faults.stamp_shift * 1e9))
        if message == "imu" and faults.turned:
            turn = from_vector(np.array([faults.turned, 0.0, 0.0]))
            sent = replace(sent, orientation=product(sent.orientation, turn))
        return _not_numbers(sent) if message in faults.nan else sent

    def joints(self) -> tuple[tuple[str, ...], list[int]]:
        """Names in a joint message, and where in a robot's order each stands."""
        index = [i for i, name in enumerate(self._joints) if name not in self.faults.missing]
        if self.faults.shuffled:
            index.reverse()
        return tuple(self._joints[i] for i in index), index


def _not_numbers(state: RobotState) -> RobotState:
    """The same with NaN for every reading."""
    seen = state.object_position
    return replace(
        state,
        joint_position=np.full_like(state.joint_position, np.nan),
        joint_velocity=np.full_like(state.joint_velocity, np.nan),
        joint_effort=np.full_like(state.joint_effort, np.nan),
        orientation=np.full_like(state.orientation, np.nan),
        gyro=np.full_like(state.gyro, np.nan),
        accelerometer=np.full_like(state.accelerometer, np.nan),
        object_position=None if seen is None else np.full_like(seen, np.nan),
    )
