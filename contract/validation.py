"""Whether a contract makes sense in itself, and for a given robot."""

from __future__ import annotations

from collections.abc import Iterable

from contract.errors import ContractError, UnknownNameError
from contract.record import SCHEMA_VERSION, Contract
from contract.sources import NEEDS_KINEMATICS, SOURCES


def validate(contract: Contract, where: str) -> Contract:
    """Return `contract` unchanged if a robot could run it.

    Raises:
        ContractError: names the field that is wrong, its value and what is valid.
    """
    if contract.schema_version != SCHEMA_VERSION:
        raise ContractError(
            f"{where}.schema_version: {contract.schema_version} is not {SCHEMA_VERSION}, "
            "the version that this terrafirma reads."
        )
    if not contract.control_rate > 0:
        raise ContractError(f"{where}.control_rate: {contract.control_rate} Hz is not positive.")
    _validate_joints(contract, where)
    _validate_action(contract, where)
    _validate_observation(contract, where)
    _validate_command(contract, where)
    if contract.safety.sensor_timeout <= 0 or contract.safety.ramp_in < 0:
        raise ContractError(f"{where}.safety: sensor_timeout must be > 0 s and ramp_in ≥ 0 s.")
    return contract


def match_joints(contract: Contract, available: Iterable[str], robot: str) -> None:
    """Check that a robot has every joint of the contract; it may have more, in any order.

    Raises:
        ContractError: names each missing joint and what the robot has instead.
    """
    names = set(available)
    missing = [name for name in contract.joint_names if name not in names]
    if missing:
        hint = UnknownNameError("joint", missing[0], names)
        raise ContractError(
            f"{robot} lacks {len(missing)} joint(s) that policy {contract.identity.policy!r} drives: "
            f"{', '.join(missing)}. {hint}"
        )


def _validate_joints(contract: Contract, where: str) -> None:
    names = contract.joint_names
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated or not names:
        raise ContractError(f"{where}.joints: names must be unique and at least one; repeated: {repeated}.")
    for joint in contract.joints:
        if not joint.lower <= joint.default_position <= joint.upper:
            raise ContractError(
                f"{where}.joints.{joint.name}: default {joint.default_position} rad is outside "
                f"[{joint.lower}, {joint.upper}]."
            )
        if min(joint.max_velocity, joint.max_effort) <= 0 or min(joint.kp, joint.kd) < 0:
            raise ContractError(f"{where}.joints.{joint.name}: limits must be > 0 and gains ≥ 0.")


def _validate_action(contract: Contract, where: str) -> None:
    action = contract.action
    if len(action.scale) != len(contract.joints) or min(action.scale) <= 0:
        raise ContractError(
            f"{where}.action.scale: needs {len(contract.joints)} positive values (one a joint), "
            f"got {action.scale}."
        )
    if (action.kind == "gait_residual") != (action.gait is not None):
        raise ContractError(f"{where}.action.gait: belongs to kind 'gait_residual', and only to it.")
    for leg in action.gait.legs if action.gait else ():
        if not all(0 <= index < len(contract.joints) for index in leg.joints):
            raise ContractError(f"{where}.action.gait.legs: joint index out of range in {leg.joints}.")


def _validate_observation(contract: Contract, where: str) -> None:
    if not contract.observation:
        raise ContractError(f"{where}.observation: a policy that sees nothing cannot be deployed.")
    privileged = [t.source for t in contract.observation if t.source in SOURCES and SOURCES[t.source].privileged]
    if privileged:
        raise ContractError(
            f"{where}.observation: {', '.join(privileged)} cannot be measured on a robot; "
            "use privileged terms for critics and teachers only."
        )
    for term in contract.observation:
        field = f"{where}.observation.{term.source}"
        if term.source not in SOURCES:
            raise UnknownNameError("observation source", term.source, SOURCES, f"{where}.observation")
        expected = SOURCES[term.source].dimension(len(contract.joints), len(contract.command.fields))
        if term.dimension != expected:
            raise ContractError(f"{field}.dimension: {term.dimension} is not {expected}.")
        if term.history < 1 or term.clip <= 0:
            raise ContractError(f"{field}: history must be ≥ 1 and clip > 0.")
        if term.source in NEEDS_KINEMATICS and contract.kinematics is None:
            raise ContractError(f"{field}: needs the contract's kinematics, which are missing.")
    if contract.kinematics and len(contract.kinematics.joints) != len(contract.joints):
        raise ContractError(f"{where}.kinematics: has {len(contract.kinematics.joints)} joints.")


def _validate_command(contract: Contract, where: str) -> None:
    command = contract.command
    sizes = {len(x) for x in (command.fields, command.units, command.low, command.high, command.neutral)}
    if len(sizes) != 1:
        raise ContractError(f"{where}.command: fields, units, low, high and neutral differ in length.")
    for name, low, neutral, high in zip(command.fields, command.low, command.neutral, command.high, strict=True):
        if not low <= neutral <= high:
            raise ContractError(f"{where}.command.{name}: neutral {neutral} is outside [{low}, {high}].")
