"""Whether a contract makes sense in itself, and for a given robot."""

from __future__ import annotations

import math
from collections.abc import Iterable

from contract.errors import ContractError, UnknownNameError
from contract.record import CONVENTIONS, SCHEMA_VERSION, Contract, Gait, ObservationTerm
from contract.sources import NEEDS_KINEMATICS, NEEDS_POINT_COMMAND, SOURCES


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
    if contract.conventions != CONVENTIONS:
        raise ContractError(f"{where}.conventions: {contract.conventions!r} is not {CONVENTIONS!r}.")
    if not contract.control_rate > 0:
        raise ContractError(f"{where}.control_rate: {contract.control_rate} Hz is not positive.")
    _validate_joints(contract, where)
    _validate_action(contract, where)
    _validate_observation(contract, where)
    _validate_command(contract, where)
    _validate_kinematics(contract, where)
    _validate_recurrent_state(contract, where)
    _validate_safety(contract, where)
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
    if action.gait is not None:
        _validate_gait(action.gait, contract, f"{where}.action.gait")


def _validate_gait(gait: Gait, contract: Contract, where: str) -> None:
    indices = [index for leg in gait.legs for index in leg.joints]
    if not indices or not all(0 <= index < len(contract.joints) for index in indices):
        raise ContractError(f"{where}.legs: no legs, or a joint index outside the contract in {indices}.")
    if len(set(indices)) != len(indices):
        raise ContractError(f"{where}.legs: a joint belongs to two places in {indices}.")
    signs = [sign for leg in gait.legs for sign in leg.sign]
    zeros = [zero for leg in gait.legs for zero in leg.zero]
    if not set(signs) <= {1.0, -1.0} or not all(map(math.isfinite, zeros)):
        raise ContractError(f"{where}.legs: sign must be 1 or -1 and zero finite, got {signs} and {zeros}.")
    lengths = [gait.body_height, *(x for leg in gait.legs for x in (leg.thigh, leg.shank))]
    if gait.frequency <= 0 or min(lengths) <= 0:
        raise ContractError(f"{where}: frequency, body_height, thigh and shank must be > 0.")
    if len(contract.command.fields) != 3:
        raise ContractError(
            f"{where}: follows a command of forward, sideways and yaw velocity, "
            f"not {contract.command.fields}."
        )


def _validate_observation(contract: Contract, where: str) -> None:
    if not contract.observation:
        raise ContractError(f"{where}.observation: a policy that sees nothing cannot be deployed.")
    privileged = [
        t.source for t in contract.observation if t.source in SOURCES and SOURCES[t.source].privileged
    ]
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
        _validate_meaning(term, contract, field)


def _validate_meaning(term: ObservationTerm, contract: Contract, where: str) -> None:
    source = SOURCES[term.source]
    if (term.unit, term.frame) != (source.unit, source.frame):
        raise ContractError(
            f"{where}: is in {term.unit!r}, frame {term.frame!r}; "
            f"a robot gives it in {source.unit!r}, frame {source.frame!r}."
        )
    if term.source in NEEDS_KINEMATICS and contract.kinematics is None:
        raise ContractError(f"{where}: needs the contract's kinematics, which are missing.")
    if term.source in NEEDS_POINT_COMMAND and len(contract.command.fields) != 3:
        raise ContractError(f"{where}: needs a command of three coordinates, not {contract.command.fields}.")
    if term.source == "phase" and contract.action.gait is None:
        raise ContractError(f"{where}: needs the action's gait, which is missing.")


def _validate_kinematics(contract: Contract, where: str) -> None:
    if contract.kinematics is None:
        return
    chain = contract.kinematics.joints
    if len(chain) != len(contract.joints):
        raise ContractError(f"{where}.kinematics: has {len(chain)} joints, not {len(contract.joints)}.")
    for index, joint in enumerate(chain):
        if not any(joint.axis):
            raise ContractError(f"{where}.kinematics.joints[{index}].axis: is zero; nothing turns about it.")


def _validate_recurrent_state(contract: Contract, where: str) -> None:
    names = [state.name for state in contract.recurrent_state]
    if len({"observation", *names}) != len(names) + 1:
        raise ContractError(f"{where}.recurrent_state: names {names} repeat, or hide the observation.")
    for state in contract.recurrent_state:
        if not state.shape or min(state.shape) < 1:
            raise ContractError(f"{where}.recurrent_state.{state.name}: shape {state.shape} is not positive.")


def _validate_safety(contract: Contract, where: str) -> None:
    safety = contract.safety
    if safety.sensor_timeout <= 0 or safety.ramp_in < 0:
        raise ContractError(f"{where}.safety: sensor_timeout must be > 0 s and ramp_in ≥ 0 s.")
    if safety.tilt_limit is not None and not safety.tilt_limit > 0:
        raise ContractError(f"{where}.safety.tilt_limit: {safety.tilt_limit} rad is not positive.")


def _validate_command(contract: Contract, where: str) -> None:
    command = contract.command
    sizes = {len(x) for x in (command.fields, command.units, command.low, command.high, command.neutral)}
    if len(sizes) != 1:
        raise ContractError(f"{where}.command: fields, units, low, high and neutral differ in length.")
    if len(set(command.fields)) != len(command.fields):
        raise ContractError(f"{where}.command.fields: {command.fields} repeats a name.")
    if command.timeout is not None and not command.timeout > 0:
        raise ContractError(f"{where}.command.timeout: {command.timeout} s is not positive.")
    for name, low, neutral, high in zip(
        command.fields, command.low, command.neutral, command.high, strict=True
    ):
        if not low <= neutral <= high:
            raise ContractError(f"{where}.command.{name}: neutral {neutral} is outside [{low}, {high}].")
