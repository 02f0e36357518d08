"""Every way in which a contract can make no sense is refused, and the message names the place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.errors import ContractError, UnknownNameError
from contract.record import Contract, KinematicJoint, Kinematics, ObservationTerm, RecurrentState
from contract.sources import SOURCES
from contract.validation import match_joints, validate


def joint(contract: Contract, **changes: Any) -> Contract:
    return replace(
        contract, joints=(contract.joints[0], replace(contract.joints[1], **changes), contract.joints[2])
    )


def action(contract: Contract, **changes: Any) -> Contract:
    return replace(contract, action=replace(contract.action, **changes))


def term(contract: Contract, **changes: Any) -> Contract:
    return replace(contract, observation=(replace(contract.observation[0], **changes),))


def command(contract: Contract, **changes: Any) -> Contract:
    return replace(contract, command=replace(contract.command, **changes))


def safety(contract: Contract, **changes: Any) -> Contract:
    return replace(contract, safety=replace(contract.safety, **changes))


def gait(contract: Contract, **changes: Any) -> Contract:
    assert contract.action.gait
    return action(contract, gait=replace(contract.action.gait, **changes))


def leg(contract: Contract, **changes: Any) -> Contract:
    assert contract.action.gait
    legs = contract.action.gait.legs
    return gait(contract, legs=(replace(legs[0], **changes), *legs[1:]))


NAN = float("nan")
STILL = KinematicJoint((0.0,) * 3, (0.0,) * 3, (0.0,) * 3)

ARM = {
    "schema": (lambda c: replace(c, schema_version=2), r"schema_version: 2 is not 1"),
    "conventions": (lambda c: replace(c, conventions="wxyz"), r"conventions: 'wxyz'"),
    "rate": (lambda c: replace(c, control_rate=0.0), r"control_rate: 0\.0 Hz"),
    "rate-nan": (lambda c: replace(c, control_rate=NAN), r"control_rate: nan Hz"),
    "no-joints": (lambda c: replace(c, joints=()), r"joints: names must be unique and at least one"),
    "twins": (lambda c: joint(c, name="arm_0"), r"joints: .*repeated: \['arm_0'\]"),
    "default": (lambda c: joint(c, default_position=9.0), r"joints\.arm_1: default 9\.0 rad is outside"),
    "bounds": (lambda c: joint(c, lower=1.0, upper=-1.0), r"joints\.arm_1: default"),
    "velocity": (lambda c: joint(c, max_velocity=0.0), r"joints\.arm_1: limits must be > 0"),
    "effort": (lambda c: joint(c, max_effort=-1.0), r"joints\.arm_1: limits must be > 0"),
    "kp": (lambda c: joint(c, kp=-1.0), r"joints\.arm_1: limits must be > 0 and gains"),
    "scale-short": (lambda c: action(c, scale=(0.1,)), r"action\.scale: needs 3 positive values"),
    "scale-zero": (lambda c: action(c, scale=(0.1, 0.0, 0.1)), r"action\.scale: needs 3 positive values"),
    "gait-missing": (lambda c: action(c, kind="gait_residual"), r"action\.gait: belongs to kind"),
    "blind": (lambda c: replace(c, observation=()), r"observation: a policy that sees nothing"),
    "source": (lambda c: term(c, source="joint_positon"), r"'joint_positon'\. Did you mean 'joint_position'"),
    "dimension": (lambda c: term(c, dimension=4), r"joint_position\.dimension: 4 is not 3"),
    "history": (lambda c: term(c, history=0), r"joint_position: history must be ≥ 1"),
    "clip": (lambda c: term(c, clip=0.0), r"joint_position: .*clip > 0"),
    "unit": (lambda c: term(c, unit="deg"), r"joint_position: is in 'deg'"),
    "frame": (lambda c: term(c, frame="world"), r"joint_position: .*frame 'world'"),
    "phase": (
        lambda c: replace(c, observation=(ObservationTerm("phase", 2, "1", "stride"),)),
        r"observation\.phase: needs the action's gait",
    ),
    "chain-missing": (lambda c: replace(c, kinematics=None), r"tool_error: needs the contract's kinematics"),
    "chain-short": (
        lambda c: replace(c, kinematics=Kinematics(c.kinematics.joints[:2], (0.0,) * 3)),
        r"kinematics: has 2 joints, not 3",
    ),
    "chain-axis": (
        lambda c: replace(c, kinematics=Kinematics((STILL,) * 3, (0.0,) * 3)),
        r"kinematics\.joints\[0\]\.axis: is zero",
    ),
    "command-lengths": (lambda c: command(c, units=("m",)), r"command: fields, units, low.* differ"),
    "command-twins": (lambda c: command(c, fields=("x", "x", "z")), r"command\.fields: .* repeats"),
    "command-neutral": (lambda c: command(c, neutral=(0.0, 5.0, 0.0)), r"command\.y: neutral 5\.0"),
    "command-timeout": (lambda c: command(c, timeout=0.0), r"command\.timeout: 0\.0 s"),
    "command-point": (
        lambda c: command(
            c, fields=("x",), units=("m",), low=(-1.0,), high=(1.0,), neutral=(0.0,)
        ),
        r"tool_error: needs a command of three coordinates, not \('x',\)",
    ),
    "sensor-timeout": (lambda c: safety(c, sensor_timeout=0.0), r"safety: sensor_timeout"),
    "ramp-in": (lambda c: safety(c, ramp_in=-1.0), r"safety: .*ramp_in"),
    "tilt": (lambda c: safety(c, tilt_limit=0.0), r"safety\.tilt_limit: 0\.0 rad"),
    "state-twins": (
        lambda c: replace(c, recurrent_state=(RecurrentState("h", (1,)),) * 2),
        r"recurrent_state: names \['h', 'h'\] repeat",
    ),
    "state-name": (
        lambda c: replace(c, recurrent_state=(RecurrentState("observation", (1,)),)),
        r"recurrent_state: .* hide the observation",
    ),
    "state-shape": (
        lambda c: replace(c, recurrent_state=(RecurrentState("h", (1, 0)),)),
        r"recurrent_state\.h: shape \(1, 0\)",
    ),
}  # fmt: skip

LEGGED = {
    "no-legs": (lambda c: gait(c, legs=()), r"action\.gait\.legs: no legs"),
    "leg-index": (lambda c: leg(c, joints=(0, 1, 12)), r"action\.gait\.legs: .*outside the contract"),
    "leg-twice": (lambda c: leg(c, joints=(3, 1, 2)), r"action\.gait\.legs: a joint belongs to two"),
    "leg-sign": (lambda c: leg(c, sign=(1.0, 0.5, 1.0)), r"action\.gait\.legs: sign must be 1 or -1"),
    "leg-zero": (lambda c: leg(c, zero=(NAN, 0.0, 0.0)), r"action\.gait\.legs: .*zero finite"),
    "frequency": (lambda c: gait(c, frequency=0.0), r"action\.gait: frequency"),
    "shank": (lambda c: leg(c, shank=0.0), r"action\.gait: .*shank must be > 0"),
    "gait-command": (
        lambda c: command(
            c, fields=("vx",), units=("m/s",), low=(-1.0,), high=(1.0,), neutral=(0.0,)
        ),
        r"action\.gait: follows a command of forward.*\('vx',\)|command\.dimension: 3 is not 1",
    ),
    "gait-extra": (lambda c: action(c, kind="position_offset"), r"action\.gait: belongs to kind"),
}  # fmt: skip


def test_good_contracts_pass_unchanged(arm_contract: Contract, legged_contract: Contract) -> None:
    assert validate(arm_contract, "f") is arm_contract
    assert validate(legged_contract, "f") is legged_contract


@pytest.mark.parametrize("case", ARM)
def test_arm_is_refused(arm_contract: Contract, case: str) -> None:
    change, message = ARM[case]
    with pytest.raises((ContractError, UnknownNameError), match=rf"^f\.?.*{message}"):
        validate(change(arm_contract), "f")


@pytest.mark.parametrize("case", LEGGED)
def test_quadruped_is_refused(legged_contract: Contract, case: str) -> None:
    change, message = LEGGED[case]
    with pytest.raises(ContractError, match=rf"^f\.({message})"):
        validate(change(legged_contract), "f")


@pytest.mark.parametrize("source", [name for name, source in SOURCES.items() if source.privileged])
def test_privileged_terms_are_refused_by_name(arm_contract: Contract, source: str) -> None:
    with pytest.raises(ContractError, match=f"observation: {source} cannot be measured"):
        validate(term(arm_contract, source=source), "f")


def test_a_robot_may_have_more_joints_in_any_order(arm_contract: Contract) -> None:
    match_joints(arm_contract, ["gripper", "arm_2", "arm_0", "arm_1"], "r")


def test_missing_joints_are_all_named(arm_contract: Contract) -> None:
    with pytest.raises(ContractError) as caught:
        match_joints(arm_contract, ["arm_1", "arm_O"], "the robot")
    message = str(caught.value)
    assert message.startswith("the robot lacks 2 joint(s) that policy 'arm-test' drives: arm_0, arm_2.")
    assert "Did you mean" in message
