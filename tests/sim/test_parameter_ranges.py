"""At both ends of every parameter's range, every robot stays under control in every engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.errors import DomainError
from contract.state import JointCommand
from sim.domains.domain import ENGINES, Domain
from sim.domains.parameters import PARAMETERS, Parameter
from sim.domains.reader import parse_domain
from sim.robots import ROBOTS, load_robot
from sim.simulated_robot import SimulatedRobot

Case = tuple[str, str, str]  # robot, engine, parameters


def accepted(case: Case) -> bool:
    name, engine, parameters = case
    try:
        parse_domain(f"{{engine: {engine}, parameters: {{{parameters}}}}}", "").check(load_robot(name))
    except DomainError:
        return False
    return True


TESTED = [row for row in PARAMETERS.values() if not row.name.endswith("noise")]
FLOATING = [row for row in TESTED if row.needs == "floating base"]
CASES = [
    (name, engine, f"{row.name}: {value}")
    for name in ROBOTS
    for engine in ENGINES
    for row in TESTED
    for value in (row.low, row.high)
]
# What runs: everything for one robot of each kind of base; for the others what has shaken a robot before.
THOROUGH = ("iiwa", "a1", "half_cheetah")
TELLING = ("gravity", "link_mass_scale", "joint_damping", "joint_armature", "joint_strength")


def runs(case: Case) -> bool:
    return accepted(case) and (case[0] in THOROUGH or case[2].partition(":")[0] in TELLING)


# What no controller could do better: motors that are off or too weak for so much weight; a wrist of 0.2 kg
# without the rotors that steady it; an arm on a slope that its small motors cannot hold; and robots that
# fall over and roll on.
UNRULY = {
    ("ant", "joint_strength: 0.0"),
    ("ant", "start_rotation: -0.5"),
    ("ant", "torque_limit_scale: 0.0"),
    ("laikago", "link_mass_scale: 5.0"),
    ("minitaur", "joint_strength: 0.0"),
    ("minitaur", "link_mass_scale: 5.0"),
    *(("minitaur", f"start_joint_velocity: {value}") for value in (-3.0, 3.0)),
    *(("minitaur", f"start_rotation: {value}") for value in (-0.5, 0.5)),
    *(("minitaur", f"start_velocity: {value}") for value in (-3.0, 3.0)),
    ("half_cheetah", "joint_armature: 0.0"),
    ("panda", "joint_strength: 0.0"),
    ("panda", "link_mass_scale: 5.0"),
    ("panda", "torque_limit_scale: 0.0"),
    ("reacher7", "gravity: 30.0"),
    *(("reacher7", f"ground_roll: {value}") for value in (-0.35, 0.35)),
    ("reacher7", "joint_armature: 0.0"),
    *(("reacher7", f"start_joint_velocity: {value}") for value in (-3.0, 3.0)),
    ("walker2d", "kd_scale: 0.25"),
}


CROOKED = (("start_rotation", (-0.5, 0.5)), ("start_velocity", (-3.0, 3.0)))


def ends(parameter: Parameter) -> tuple[float, float]:
    return parameter.low, parameter.high


def test_only_what_cannot_be_simulated_is_refused() -> None:
    fixed = [name for name in ROBOTS if load_robot(name).base == "fixed"]
    moving = [name for name in ROBOTS if name not in fixed]
    planar = [name for name in moving if load_robot(name).base == "planar"]
    light = [name for name in moving if name not in ("ant", "half_cheetah", "laikago")]
    assert {case for case in CASES if not accepted(case)} == {
        *((arm, e, f"{p.name}: {v}") for arm in fixed for e in ENGINES for p in FLOATING for v in ends(p)),
        *((name, e, f"{p}: {v}") for name in planar for e in ENGINES for p, both in CROOKED for v in both),
        *((name, e, f"tool_mass_offset: {v}") for name in moving for e in ENGINES for v in (-5.0, 20.0)),
        *((name, e, "base_mass_offset: -5.0") for name in light for e in ENGINES),
        *((arm, e, "tool_mass_offset: -5.0") for arm in fixed for e in ENGINES),
        *((name, "pybullet", "joint_damping: 50.0") for name in moving),
        ("reacher7", "pybullet", "joint_damping: 50.0"),
    }


@pytest.mark.parametrize("case", list(filter(runs, CASES)), ids=str)
def test_no_value_blows_the_physics_up(simulate: Callable[..., SimulatedRobot], case: Case) -> None:
    robot = simulate(*case)
    rng = np.random.default_rng(0)
    default = np.array([joint.default_position for joint in robot.spec.joints])
    for _ in range(20):
        robot.command(JointCommand.hold(default + rng.uniform(-0.15, 0.15, len(default))))
        robot.step(20)
    robot.command(JointCommand.hold(default))
    robot.step(1600)  # it may have reared up on its hind legs, or come down limb by limb
    velocity = robot.engine.joint_velocity
    assert np.isfinite(velocity).all()
    assert np.abs(velocity).max() < 30.0
    if (case[0], case[2]) in UNRULY:
        return
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


@pytest.mark.parametrize("name", [name for name in ROBOTS if load_robot(name).stable_damping < 50.0])
def test_as_much_damping_as_is_accepted_is_stable(simulate: Callable[..., SimulatedRobot], name: str) -> None:
    robot = simulate(name, "pybullet", f"joint_damping: {load_robot(name).stable_damping}")
    rng = np.random.default_rng(0)
    default = np.array([joint.default_position for joint in robot.spec.joints])
    for _ in range(20):
        robot.command(JointCommand.hold(default + rng.uniform(-0.15, 0.15, len(default))))
        robot.step(20)
    robot.command(JointCommand.hold(default))
    robot.step(800)
    assert np.abs(robot.sense().joint_velocity).max() < 0.5
