"""What each parameter of the actuators does to the arm, against the mechanics that predict it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.state import Array, JointCommand
from sim.domains.domain import ENGINES, Domain
from sim.engines import make_engine
from sim.gravity import STANDARD_GRAVITY, GravityCompensation
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

pytestmark = pytest.mark.parametrize("engine", ENGINES)

IIWA = load_robot("iiwa")
FIRST = IIWA.joints[0]  # about the vertical: gravity has no say
DEFAULT = np.array([joint.default_position for joint in IIWA.joints])
KP = np.array([joint.kp for joint in IIWA.joints])
WEIGHT = GravityCompensation(IIWA)
SETTLE = 4000  # steps


def load_at_rest(robot: SimulatedRobot, gravity: float) -> tuple[Array, Array]:
    """Torques that the settled motors have to give beyond the compensated weight, and the deviation, rad."""
    robot.step(SETTLE)
    position = robot.sense().joint_position
    return (gravity / STANDARD_GRAVITY - 1.0) * WEIGHT.torque(position), position - DEFAULT


@pytest.mark.parametrize("scale", [0.5, 1.5])
@pytest.mark.shows("kp_scale")
def test_kp_scale(simulate: Simulate, engine: str, scale: float) -> None:
    load, deviation = load_at_rest(simulate("iiwa", engine, f"gravity: 5, kp_scale: {scale}"), 5.0)
    assert np.allclose(deviation, -load / (scale * KP), atol=1e-4)
    assert np.abs(deviation).max() > 0.02


@pytest.mark.parametrize("scale", [0.5, 1.5])
@pytest.mark.shows("kd_scale")
def test_kd_scale(simulate: Simulate, engine: str, scale: float) -> None:
    """Without a spring, a constant feed-forward torque ends in omega = tau / (kd + d)."""
    name = FIRST.name
    parameters = f"kp_scale: {{{name}: 0}}, kd_scale: {{{name}: {scale}}}, joint_damping: {{{name}: 2}}"
    robot = simulate("iiwa", engine, parameters)
    robot.command(JointCommand(DEFAULT, np.zeros(7), 10.0 * np.eye(7)[0]))
    robot.step(800)
    expected = 10.0 / (scale * FIRST.kd + 2.0)
    assert robot.sense().joint_velocity[0] == pytest.approx(expected, rel=0.01)


@pytest.mark.shows("torque_limit_scale")
def test_torque_limit_scale(simulate: Simulate, engine: str) -> None:
    robot = simulate("iiwa", engine, f"torque_limit_scale: {{{FIRST.name}: 0.3}}")
    limits = np.array([joint.max_effort for joint in IIWA.joints])
    limits[0] *= 0.3
    for sign in (1, -1):
        robot.command(JointCommand.hold(DEFAULT + sign * 100.0))
        robot.step(1)
        assert np.allclose(robot.torque, sign * limits)


@pytest.mark.parametrize(("voltage", "damping"), [(1.0, 0.0), (1.0, 6.0), (0.8, 6.0), (1.2, 2.0)])
@pytest.mark.shows("motor_no_load_speed", "battery_voltage_scale")
def test_torque_speed_curve(simulate: Simulate, engine: str, voltage: float, damping: float) -> None:
    """At full throttle r L - L omega / omega0 = d omega, with the voltage's ratio r."""
    name, no_load = FIRST.name, 5.0
    parameters = (
        f"motor_no_load_speed: {{{name}: {no_load}}}, torque_limit_scale: {{{name}: 0.1}}, "
        f"joint_damping: {{{name}: {damping}}}, battery_voltage_scale: {voltage}"
    )
    robot = simulate("iiwa", engine, parameters)
    robot.reset(DEFAULT - 2.8 * np.eye(7)[0])
    robot.command(JointCommand.hold(DEFAULT + 100.0 * np.eye(7)[0]))
    robot.step(1)
    stall = 0.1 * FIRST.max_effort
    assert robot.torque[0] == pytest.approx(voltage * stall)
    robot.step(360)
    speed = robot.sense().joint_velocity[0]
    assert robot.torque[0] == pytest.approx(stall * (voltage - speed / no_load), rel=0.05)
    assert speed == pytest.approx(voltage * stall / (stall / no_load + damping), rel=0.1)
    robot.command(JointCommand.hold(DEFAULT - 100.0 * np.eye(7)[0]))
    robot.step(1)
    assert robot.torque[0] == pytest.approx(-voltage * stall)  # braking is as strong as ever


@pytest.mark.shows("battery_voltage_scale")
def test_battery_voltage_scales_every_limit(simulate: Simulate, engine: str) -> None:
    robot = simulate("iiwa", engine, "battery_voltage_scale: 0.7")
    robot.command(JointCommand.hold(DEFAULT + 100.0))
    robot.step(1)
    assert np.allclose(robot.torque, [0.7 * joint.max_effort for joint in IIWA.joints])


@pytest.mark.parametrize("friction", [2.0, 10.0])
@pytest.mark.shows("joint_friction")
def test_joint_friction(engine: str, friction: float, domain: Callable[..., Domain]) -> None:
    """Below the breakaway torque nothing moves; above it omega ends at (tau - friction) / d."""
    world = make_engine(domain(engine).engine_name, IIWA)
    damping = ", ".join(f"{joint.name}: {10 if joint is FIRST else 20}" for joint in IIWA.joints)
    draw = domain(
        engine, f"gravity: 0, joint_damping: {{{damping}}}, joint_friction: {{{FIRST.name}: {friction}}}"
    )
    for torque, speed in ((0.95 * friction, 0.0), (friction + 2.0, 0.2), (-friction - 2.0, -0.2)):
        world.apply(draw.draw(IIWA, np.random.default_rng(0)))
        world.reset(DEFAULT, 0.0)
        for _ in range(1600):
            world.step(torque * np.eye(7)[0])
        assert world.joint_velocity[0] == pytest.approx(speed, rel=0.03, abs=1e-4)
        if not speed:
            assert abs(world.joint_position[0] - DEFAULT[0]) < 1e-3
    world.close()


@pytest.mark.shows("joint_friction")
def test_dry_friction_leaves_an_error(simulate: Simulate, engine: str) -> None:
    """A joint that creeps towards its set-point stays where kp e = friction."""
    parameters = f"joint_friction: {{{FIRST.name}: 8}}, joint_damping: {{{FIRST.name}: 50}}"
    robot = simulate("iiwa", engine, parameters)
    robot.command(JointCommand.hold(DEFAULT + 0.1 * np.eye(7)[0]))
    robot.step(SETTLE)
    error = DEFAULT[0] + 0.1 - robot.sense().joint_position[0]
    assert error == pytest.approx(8.0 / KP[0], rel=0.05)


@pytest.mark.parametrize("gravity", [3.0, 15.0])
@pytest.mark.parametrize("backlash", [0.01, 0.04])
@pytest.mark.shows("backlash")
def test_backlash(simulate: Simulate, engine: str, gravity: float, backlash: float) -> None:
    """A joint lies on the flank that its whole load presses it to, half the play beyond its sag."""
    robot = simulate("iiwa", engine, f"gravity: {gravity}, backlash: {backlash}")
    load, deviation = load_at_rest(robot, gravity)
    carried = gravity / STANDARD_GRAVITY * WEIGHT.torque(DEFAULT + deviation)
    loaded = np.abs(carried) > 0.5
    assert loaded.sum() >= 2
    expected = -load / KP - np.sign(carried) * backlash / 2
    assert np.allclose(deviation[loaded], expected[loaded], atol=1e-4)
    assert (np.abs(deviation + load / KP) <= backlash / 2 + 1e-4).all()


@pytest.mark.shows("encoder_offset")
def test_encoder_offset(simulate: Simulate, engine: str) -> None:
    """The controller believes its encoder, so the joint ends up wrong and the reading right."""
    robot = simulate("iiwa", engine, f"encoder_offset: {{{FIRST.name}: 0.05, {IIWA.joints[3].name}: -0.02}}")
    offset = np.array([0.05, 0, 0, -0.02, 0, 0, 0])
    assert np.allclose(robot.sense().joint_position, DEFAULT + offset)
    robot.step(40)
    assert np.allclose(robot.pose()[2], DEFAULT, atol=1e-4)  # at rest it stays where it was put
    robot.command(JointCommand.hold(DEFAULT))
    robot.step(SETTLE)
    assert np.allclose(robot.sense().joint_position, DEFAULT, atol=1e-4)
    assert np.allclose(robot.pose()[2], DEFAULT - offset, atol=1e-4)
