"""At both ends of every parameter's range, every robot stays under control in every engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.errors import DomainError
from contract.state import JointCommand
from sim.domains.domain import ENGINES, Domain
from sim.domains.parameters import PARAMETERS
from sim.robots import ROBOTS, load_robot
from sim.simulated_robot import SimulatedRobot

PHYSICAL = [name for name in PARAMETERS if not name.endswith("noise")]
ENDS = [(name, end) for name in PHYSICAL for end in ("low", "high")]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ROBOTS)
@pytest.mark.parametrize(("parameter", "end"), ENDS)
def test_no_value_blows_the_physics_up(
    simulate: Callable[..., SimulatedRobot], name: str, engine: str, parameter: str, end: str
) -> None:
    value = getattr(PARAMETERS[parameter], end)
    try:
        robot = simulate(name, engine, f"{parameter}: {value}")
    except DomainError as refusal:
        assert "test.yaml:2" in str(refusal)
        return
    rng = np.random.default_rng(0)
    default = np.array([joint.default_position for joint in robot.spec.joints])
    for _ in range(20):
        robot.command(JointCommand.hold(default + rng.uniform(-0.15, 0.15, len(default))))
        robot.step(20)
    robot.command(JointCommand.hold(default))
    robot.step(400)
    velocity = robot.sense().joint_velocity
    assert np.isfinite(velocity).all()
    assert np.abs(velocity).max() < 0.5


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("name", "parameters", "mass"),
    [
        ("a1", "base_mass_offset: -4.8", "4.713 kg"),
        ("a1", "base_mass_offset: {uniform: [-4.8, 1]}", "4.713 kg"),
        ("a1", "base_mass_offset: -4, link_mass_scale: 0.8", "3.7704 kg"),
        ("iiwa", "tool_mass_offset: -0.3", "0.3 kg"),
    ],
)
def test_a_link_keeps_some_mass(
    domain: Callable[..., Domain], engine: str, name: str, parameters: str, mass: str
) -> None:
    with pytest.raises(DomainError, match=f"would leave nothing of .* weighs {mass}"):
        domain(engine, parameters).check(load_robot(name))


def test_damping_that_only_one_engine_can_step_is_refused_in_the_other(
    domain: Callable[..., Domain],
) -> None:
    a1 = load_robot("a1")
    domain("mujoco", "joint_damping: 5").check(a1)
    with pytest.raises(DomainError, match="use engine 'mujoco'"):
        domain("pybullet", "joint_damping: {FR_hip_joint: 5}").check(a1)
