"""What a robot's URDF on /robot_description says of its joints, and whether a contract keeps to it."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from contract.errors import ContractError
from contract.record import Contract, Joint
from contract.validation import match_joints

LARGEST = 16_000_000  # characters
TOLERANCE = 1e-3  # of what a description says: it is rounded


def check_description(contract: Contract, text: str) -> None:
    """Refuse a robot whose joints the contract does not fit.

    Raises:
        ContractError: not a URDF, a joint is missing, or the contract allows a joint more than its
            description does; names the joint and both limits.
    """
    if len(text) > LARGEST:
        raise ContractError(f"robot_description: {len(text)} characters, more than {LARGEST}.")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise ContractError(f"robot_description: not a readable URDF ({error}).") from error
    limits = {joint.get("name", ""): joint.find("limit") for joint in root.findall("joint")}
    kinds = {joint.get("name", ""): joint.get("type", "") for joint in root.findall("joint")}
    match_joints(contract, tuple(limits), "robot_description")
    for joint in contract.joints:
        limit = limits[joint.name]
        if limit is not None:
            _check(joint, limit, bounded=kinds[joint.name] != "continuous")


def _check(joint: Joint, limit: ElementTree.Element, bounded: bool) -> None:
    lower, upper = _number(limit, "lower"), _number(limit, "upper")
    if bounded and lower < upper:
        _within(joint.name, "lower", -joint.lower, -lower, "rad", sign=-1.0)
        _within(joint.name, "upper", joint.upper, upper, "rad")
    for name, ours, unit in (("velocity", joint.max_velocity, "rad/s"), ("effort", joint.max_effort, "N·m")):
        theirs = _number(limit, name)
        if theirs > 0.0:  # 0 in a description means that nobody knew
            _within(joint.name, name, ours, theirs, unit)


def _within(joint: str, name: str, ours: float, theirs: float, unit: str, sign: float = 1.0) -> None:
    if ours > theirs + TOLERANCE * max(1.0, abs(theirs)):
        raise ContractError(
            f"robot_description: {joint} has {name} {sign * theirs:.4g} {unit}, and the contract would allow "
            f"{sign * ours:.4g}. Train with the robot's limits, or tighten them (parameters limits.…)."
        )


def _number(limit: ElementTree.Element, name: str) -> float:
    try:
        value = float(limit.get(name, "0"))
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0
