"""Drawing a domain is a pure function of the generator, and covers every parameter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.domains.domain import Domain
from sim.domains.parameters import PARAMETERS
from sim.domains.reader import load_domain
from sim.robots import ROBOTS, load_robot

RANDOM = (
    "gravity: {normal: [9.81, 0.1]}, joint_strength: {uniform: [0.5, 1]}, "
    "joint_damping: {lbr_iiwa_joint_2: {log_uniform: [0.1, 1]}}, action_latency: 0.01"
)


def test_the_same_generator_state_gives_the_same_draw(domain: Callable[..., Domain]) -> None:
    randomized, robot = domain("pybullet", RANDOM), load_robot("iiwa")
    a, b = np.random.default_rng(7), np.random.default_rng(7)
    first, second, third = (randomized.draw(robot, rng) for rng in (a, b, a))
    assert all(np.array_equal(first[name], second[name]) for name in PARAMETERS)
    assert first.scalar("gravity") != third.scalar("gravity")


def test_a_draw_leaves_the_domain_and_earlier_draws_alone(domain: Callable[..., Domain]) -> None:
    randomized, robot = domain("pybullet", RANDOM), load_robot("iiwa")
    rng = np.random.default_rng(0)
    first = randomized.draw(robot, rng)
    kept = {name: value.copy() for name, value in first.values.items()}
    randomized.draw(robot, rng)["joint_strength"][:] = -1.0
    assert all(np.array_equal(first[name], kept[name]) for name in PARAMETERS)


def test_settings_reach_the_joints_that_they_name(domain: Callable[..., Domain]) -> None:
    robot = load_robot("iiwa")
    draw = domain("pybullet", RANDOM).draw(robot, np.random.default_rng(0))
    assert len(set(draw["joint_strength"].tolist())) == 7  # one draw a joint
    assert np.array_equal(np.delete(draw["joint_damping"], 1), np.delete(robot.joint_damping, 1))
    assert 0.1 <= draw["joint_damping"][1] <= 1.0
    assert draw.scalar("action_latency") == 0.01


@pytest.mark.parametrize("name", ROBOTS)
def test_a_nominal_draw_has_every_parameter_at_its_nominal_value(name: str) -> None:
    robot, nominal = load_robot(name), load_domain("nominal")
    draw = nominal.draw(robot, np.random.default_rng(0))
    assert set(draw.values) == set(PARAMETERS)
    for parameter in PARAMETERS.values():
        expected = getattr(robot, parameter.name) if parameter.nominal is None else parameter.nominal
        assert np.all(draw[parameter.name] == expected)
        shape = {"scalar": (), "joint": (len(robot.joints),), "axis": (3,)}[parameter.scope]
        assert draw[parameter.name].shape == shape
        if parameter.nominal is not None:
            assert parameter.low <= parameter.nominal <= parameter.high


def test_a_draw_as_one_vector(domain: Callable[..., Domain]) -> None:
    robot = load_robot("iiwa")
    joints = tuple(joint.name for joint in robot.joints)
    draw = domain("mujoco", RANDOM).draw(robot, np.random.default_rng(0))
    names, units, values = draw.as_vector(joints)
    by_name = dict(zip(names, values.tolist(), strict=True))
    assert by_name["joint_strength/lbr_iiwa_joint_3"] == draw["joint_strength"][2]
    assert by_name["gravity"] == draw.scalar("gravity")
    assert units[names.index("joint_damping/lbr_iiwa_joint_1")] == "N·m·s/rad"
    assert names[names.index("gyro_bias/x") :][:3] == ["gyro_bias/x", "gyro_bias/y", "gyro_bias/z"]
    size = {"scalar": 1, "joint": 7, "axis": 3}
    assert len(names) == len(set(names)) == sum(size[row.scope] for row in PARAMETERS.values())
