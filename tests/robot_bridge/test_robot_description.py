"""The URDF that a robot publishes is compared with the contract before anything moves."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from contract.errors import ContractError
from contract.record import Contract
from robot_bridge.emulated_description import description_text
from robot_bridge.robot_description import check_description
from sim.robots import ROBOTS, load_robot


@pytest.mark.parametrize("name", ROBOTS)
def test_every_emulated_robot_keeps_to_its_own_description(name: str, iiwa_contract: Contract) -> None:
    robot = load_robot(name)
    check_description(replace(iiwa_contract, joints=robot.joints), description_text(robot))


@pytest.fixture(scope="module")
def text() -> str:
    return description_text(load_robot("iiwa"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lower": -3.5}, r"lbr_iiwa_joint_1 has lower -2\.967 rad, and the contract would allow -3\.5"),
        ({"upper": 3.5}, r"lbr_iiwa_joint_1 has upper 2\.967 rad"),
        ({"max_velocity": 99.0}, r"lbr_iiwa_joint_1 has velocity .* rad/s, and the contract would allow 99"),
        ({"max_effort": 999.0}, r"lbr_iiwa_joint_1 has effort .* N·m"),
        ({"name": "lbr_joint_1"}, r"lacks 1 joint\(s\).*lbr_joint_1"),
    ],
)
def test_a_contract_that_allows_more_is_refused(
    iiwa_contract: Contract, text: str, changes: dict[str, float], message: str
) -> None:
    joints = (replace(iiwa_contract.joints[0], **changes), *iiwa_contract.joints[1:])
    with pytest.raises(ContractError, match=message):
        check_description(replace(iiwa_contract, joints=joints), text)


@pytest.mark.parametrize("nonsense", ["", "<robot>", "not XML", "<robot/>", "\0"])
def test_nonsense_is_refused(iiwa_contract: Contract, nonsense: str) -> None:
    with pytest.raises(ContractError, match="robot_description"):
        check_description(iiwa_contract, nonsense)


@pytest.mark.parametrize(
    ("limit", "attribute"), [("max_velocity", "velocity"), ("max_effort", "effort"), ("upper", "lower")]
)
@pytest.mark.parametrize("unknown", ['{}_other="1"', '{}="0"', '{}="nan"', '{}="fast"'])
def test_what_a_description_does_not_know_is_not_compared(
    iiwa_contract: Contract, text: str, limit: str, attribute: str, unknown: str
) -> None:
    wide = replace(
        iiwa_contract, joints=tuple(replace(joint, **{limit: 999.0}) for joint in iiwa_contract.joints)
    )
    with pytest.raises(ContractError, match="would allow 999"):
        check_description(wide, text)
    if attribute == "lower":  # without a range, neither bound says anything
        text = re.sub(r'\bupper="[^"]*"', unknown.format("upper"), text)
    check_description(wide, re.sub(rf'\b{attribute}="[^"]*"', unknown.format(attribute), text))
