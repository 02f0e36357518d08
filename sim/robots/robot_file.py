"""Robots described by a file of one's own, as `terrafirma robot import` writes it: YAML to `RobotSpec`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from contract.errors import TerrafirmaError, UnknownNameError
from contract.record import Joint, Kinematics
from sim.robots.chain import serial_chain
from sim.robots.entry import Entry
from sim.robots.gait_entry import GaitEntry
from sim.robots.model import facts
from sim.robots.spec import RobotSpec, Tool, Vector
from sim.robots.urdf import Urdf
from sim.robots.urdf_check import checked_urdf

MAX_BYTES = 1_000_000
# N·m·s/rad; what robots of their kind bear in PyBullet at least
STABLE_DAMPING = {"fixed": 20.0, "floating": 2.0, "planar": 10.0}
SUFFIXES = (".yaml", ".yml")


class JointEntry(Entry):
    """One actuated joint; the units are those of `contract.record.Joint`."""

    default: float
    lower: float
    upper: float
    max_velocity: float = Field(gt=0)
    max_effort: float = Field(gt=0)
    kp: float = Field(ge=0)
    kd: float = Field(ge=0)
    damping: float = Field(ge=0)
    armature: float = Field(ge=0)


class ToolEntry(Entry):
    """Link and offset (m) of the tool point."""

    link: str
    offset: Vector


class RobotFile(Entry):
    """The whole file; `model` is relative to it."""

    model: Path
    base: Literal["fixed", "floating", "planar"]
    base_height: float = Field(ge=0)
    gravity_compensated: bool = False
    feet: tuple[str, ...] = ()
    tool: ToolEntry | None = None
    intangible: tuple[str, ...] = ()
    friction_hardness: float = Field(1.0, gt=0)
    locked: dict[str, float] = Field(default_factory=dict)
    gait: GaitEntry | None = None
    joints: dict[str, JointEntry] = Field(min_length=1)


def load_robot_file(path: Path) -> RobotSpec:
    """The robot that a file describes; its name is the file's path, so that a policy finds it again.

    Raises:
        TerrafirmaError: the file and field that is wrong, and what would be right.
    """
    entry = _read(path)
    model = path.parent / entry.model
    spec = RobotSpec(
        name=str(path),
        urdf=model,
        joints=tuple(_joint(name, joint, path) for name, joint in entry.joints.items()),
        joint_damping=tuple(joint.damping for joint in entry.joints.values()),
        joint_armature=tuple(joint.armature for joint in entry.joints.values()),
        base=entry.base,
        base_height=entry.base_height,
        feet=entry.feet,
        tool=None if entry.tool is None else Tool(entry.tool.link, entry.tool.offset),
        gait=None if entry.gait is None else entry.gait.gait(tuple(entry.joints), f"{path}: gait"),
        gravity_compensated=entry.gravity_compensated,
        locked=tuple(entry.locked.items()),
        intangible=entry.intangible,
        friction_hardness=entry.friction_hardness,
        stable_damping=STABLE_DAMPING[entry.base],
        source=str(path),
    )
    return _completed(spec, path)


def _joint(name: str, entry: JointEntry, path: Path) -> Joint:
    if not entry.lower <= entry.default <= entry.upper:
        raise TerrafirmaError(
            f"{path}: joints.{name}.default: {entry.default:g} is outside [{entry.lower:g}, {entry.upper:g}]."
        )
    limits = entry.lower, entry.upper, entry.max_velocity, entry.max_effort
    return Joint(name, entry.default, *limits, entry.kp, entry.kd)


def _completed(spec: RobotSpec, path: Path) -> RobotSpec:
    """With kinematics where the tool hangs on a chain of all joints; every name is looked up."""
    if not spec.urdf.is_file():
        raise TerrafirmaError(f"{path}: model: no such file: {spec.urdf}.")
    urdf = checked_urdf(spec.urdf) if spec.urdf.suffix == ".urdf" else Urdf(spec.urdf)
    for joint in spec.joints:
        if joint.name not in urdf.joints:
            raise UnknownNameError("joint", joint.name, urdf.joints, f"{path}: joints")
    tool = (spec.tool.link,) if spec.tool else ()
    named = {"feet": spec.feet, "intangible": spec.intangible, "tool.link": tool}
    for field, links in named.items():
        for link in links:
            if link not in urdf.links:
                raise UnknownNameError("link", link, urdf.links, f"{path}: {field}")
    urdf = facts(spec)
    if spec.base != "fixed" or not (spec.tool or spec.gravity_compensated):
        return spec
    chain = serial_chain(urdf, tuple(joint.name for joint in spec.joints))
    last = urdf.joint(spec.joints[-1].name).child
    if spec.tool is None:
        return spec
    if spec.tool.link != last:
        raise TerrafirmaError(
            f"{path}: tool.link: {spec.tool.link!r} is not {last!r}, the last joint's link."
        )
    return replace(spec, kinematics=Kinematics(chain, spec.tool.offset))


def _read(path: Path) -> RobotFile:
    if path.stat().st_size > MAX_BYTES:
        raise TerrafirmaError(f"{path}: {path.stat().st_size} bytes is no robot file.")
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        data: Any = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise TerrafirmaError(f"{path}: not valid YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(data, dict):
        raise TerrafirmaError(f"{path}: expected a mapping with {', '.join(RobotFile.model_fields)}.")
    try:
        return RobotFile.model_validate(data)
    except ValidationError as error:
        raise _explain(error, path) from error


def _explain(error: ValidationError, path: Path) -> TerrafirmaError:
    # a misspelt name also leaves its field missing; the misspelling explains more
    problem = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    location = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        inside: dict[str, type[Entry]] = {"joints": JointEntry, "tool": ToolEntry}
        model = inside.get(location[0], RobotFile) if len(location) > 1 else RobotFile
        return UnknownNameError("field", ".".join(location), model.model_fields, str(path))
    return TerrafirmaError(f"{path}: {'.'.join(location)}: {problem['msg']}, got {problem.get('input')!r}.")
