"""Strengths of single motors are found from a robot in motion, from stretch to stretch."""

from __future__ import annotations

import numpy as np
import pytest

from adaptation.identification.motors import motor_strengths, strengths, weakened
from adaptation.identification.replay import JointLog, replay
from contract.errors import TerrafirmaError
from contract.state import JointCommand
from sim.domains.reader import parse_domain
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

IIWA = load_robot("iiwa")
RATE = 20.0
SOURCE = parse_domain("engine: pybullet\nparameters: {}\n", "source")
NAMES = tuple(joint.name for joint in IIWA.joints)


def motion(engine: str, parameters: str, ticks: int = 60, stretch: int = 5) -> JointLog:
    """Random steps from wherever the arm is, as a policy's."""
    robot = SimulatedRobot(IIWA, parse_domain(f"engine: {engine}\nparameters: {parameters}\n", "hidden"))
    robot.reset()
    rng, rows = np.random.default_rng(1), []
    for _ in range(ticks):
        state = robot.sense()
        rows.append((state.joint_position + rng.uniform(-0.25, 0.25, 7), *joints(state)))
        robot.command(JointCommand.hold(rows[-1][0]))
        robot.step(round(1.0 / (RATE * IIWA.time_step)))
    robot.close()
    command, position, velocity = (np.array(column) for column in zip(*rows, strict=True))
    return JointLog(RATE, command, position, velocity, tuple(range(0, ticks, stretch)))


def joints(state: object) -> tuple[np.ndarray, np.ndarray]:
    return state.joint_position.copy(), state.joint_velocity.copy()  # type: ignore[attr-defined]


def test_weak_motors_are_found_from_an_arm_in_motion() -> None:
    log = motion("mujoco", f"{{joint_strength: {{{NAMES[0]}: 0.03, {NAMES[3]}: 0.3}}}}")
    found = strengths(motor_strengths(IIWA, SOURCE, log, 0, lambda *_: None))
    assert tuple(found) == NAMES
    assert found[NAMES[0]] == pytest.approx(0.03, abs=0.01)
    assert found[NAMES[3]] == pytest.approx(0.3, abs=0.03)
    assert found[NAMES[1]] == pytest.approx(1.0, abs=0.1)


def test_what_is_known_of_the_robot_is_no_weak_motor() -> None:
    """A tool of 3 kg looks like weak shoulders to who does not know of it."""
    log = motion("mujoco", "{tool_mass_offset: 3.0}")
    known = parse_domain("engine: pybullet\nparameters: {tool_mass_offset: 3.0}\n", "known")
    errors = [
        abs(strengths(motor_strengths(IIWA, domain, log, 0, lambda *_: None))[NAMES[1]] - 1.0)
        for domain in (SOURCE, known)
    ]
    assert errors[1] < 0.05 < errors[0]


def test_a_replay_begins_anew_with_position_and_velocity() -> None:
    log = motion("pybullet", "{}")
    robot = SimulatedRobot(IIWA, parse_domain("engine: pybullet\nparameters: {}\n", "same"))
    replayed = replay(robot, log)
    assert np.allclose(replayed[list(log.starts)], log.position[list(log.starts)])
    moved = np.abs(np.diff(log.position, axis=0)).max()
    assert np.abs(replayed - log.position).max() < 0.02 * moved
    # without its velocity a robot in motion would not get so far
    still = JointLog(log.rate, log.command, log.position, np.zeros_like(log.velocity), log.starts)
    assert np.abs(replay(robot, still) - log.position).max() > 0.1 * moved
    robot.close()


def test_a_domain_keeps_all_but_the_strengths() -> None:
    domain = parse_domain("engine: pybullet\nparameters: {joint_strength: 0.9, joint_damping: 0.7}\n", "d")
    weak = weakened(domain, IIWA, dict.fromkeys(NAMES, 0.5))
    robot = SimulatedRobot(IIWA, weak)
    robot.reset()
    assert np.allclose(robot.drawn["joint_strength"], 0.5)
    assert np.allclose(robot.drawn["joint_damping"], 0.7)
    robot.close()


def test_a_log_says_what_is_wrong_with_it() -> None:
    values = np.zeros((3, 7))
    with pytest.raises(TerrafirmaError, match="velocities"):
        JointLog(RATE, values, values, values[:2])
    with pytest.raises(TerrafirmaError, match="not finite"):
        JointLog(RATE, values, values, np.full_like(values, np.nan))
