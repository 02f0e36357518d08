"""What each domain parameter does to the arm, against the mechanics that predict it.

At rest under constant set-points, strength * (kp (q* - q) + g_model(q)) = g_true(q), where g are
gravity torques; so an arm sags by a known angle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from contract.kinematics import ForwardKinematics
from contract.state import Array, JointCommand
from sim.domains.domain import ENGINES, Domain
from sim.engines import make_engine
from sim.gravity import STANDARD_GRAVITY, GravityCompensation
from sim.robots import load_robot
from sim.robots.urdf import Urdf
from sim.simulated_robot import SimulatedRobot

Simulate = Callable[..., SimulatedRobot]

pytestmark = pytest.mark.parametrize("engine", ENGINES)

IIWA = load_robot("iiwa")
DEFAULT = np.array([joint.default_position for joint in IIWA.joints])
KP = np.array([joint.kp for joint in IIWA.joints])
WEIGHT = GravityCompensation(IIWA)
SETTLE = 4000  # steps


def sag(robot: SimulatedRobot) -> tuple[Array, Array]:
    """Settled joint positions, and how far they are from the set-points, rad."""
    robot.step(SETTLE)
    position = robot.sense().joint_position
    return position, position - DEFAULT


@pytest.mark.parametrize("gravity", [0.0, 5.0, 20.0])
@pytest.mark.shows("gravity")
def test_gravity(simulate: Simulate, engine: str, gravity: float) -> None:
    position, deviation = sag(simulate("iiwa", engine, f"gravity: {gravity}"))
    expected = (1.0 - gravity / STANDARD_GRAVITY) * WEIGHT.torque(position) / KP
    assert np.abs(expected).max() > 0.03
    assert np.allclose(deviation, expected, atol=1e-4)


@pytest.mark.parametrize("scale", [0.7, 1.5])
@pytest.mark.shows("link_mass_scale")
def test_link_mass_scale(simulate: Simulate, engine: str, scale: float) -> None:
    position, deviation = sag(simulate("iiwa", engine, f"link_mass_scale: {scale}"))
    expected = (1.0 - scale) * WEIGHT.torque(position) / KP
    assert np.abs(expected).max() > 0.02
    assert np.allclose(deviation, expected, atol=1e-4)


@pytest.mark.shows("link_mass_scale")
def test_link_mass_scale_slows_the_arm(simulate: Simulate, engine: str) -> None:
    """Inertia grows too: about the vertical axis, where gravity has no say, a heavy arm starts later."""
    moved = []
    for scale in (1.0, 3.0):
        robot = simulate("iiwa", engine, f"link_mass_scale: {scale}, joint_damping: 0")
        robot.command(JointCommand.hold(DEFAULT + 0.2 * np.eye(7)[0]))
        robot.step(4)
        moved.append(robot.sense().joint_position[0])
    assert 1 / 3 < moved[1] / moved[0] < 0.6


@pytest.mark.parametrize("offset", [-0.2, 2.0])
@pytest.mark.shows("tool_mass_offset")
def test_tool_mass_offset(simulate: Simulate, engine: str, offset: float) -> None:
    """tau = m g dz/dq for a mass at the tool link's centre of mass."""
    position, deviation = sag(simulate("iiwa", engine, f"tool_mass_offset: {offset}"))
    assert IIWA.tool is not None
    assert IIWA.kinematics is not None
    center = Urdf(IIWA.urdf).links[IIWA.tool.link].center
    height = ForwardKinematics(replace(IIWA.kinematics, tool=center))
    h = 1e-6
    slope = [
        (height.tool_position(position + d)[2] - height.tool_position(position - d)[2]) / (2 * h)
        for d in h * np.eye(7)
    ]
    expected = -offset * STANDARD_GRAVITY * np.array(slope) / KP
    assert np.abs(expected).max() > 0.003
    assert np.allclose(deviation, expected, atol=1e-4)


@pytest.mark.shows("joint_strength")
def test_joint_strength_is_a_factor_on_the_torque(simulate: Simulate, engine: str) -> None:
    weak = {1: 0.5, 3: 0.8}
    joints = ", ".join(f"{IIWA.joints[i].name}: {value}" for i, value in weak.items())
    position, deviation = sag(simulate("iiwa", engine, f"joint_strength: {{{joints}}}"))
    strength = np.array([weak.get(i, 1.0) for i in range(7)])
    expected = (1.0 - 1.0 / strength) * WEIGHT.torque(position) / KP
    assert np.abs(expected).max() > 0.05
    assert np.allclose(deviation, expected, atol=1e-4)


@pytest.mark.shows("joint_strength")
def test_a_broken_joint_gives_no_torque(simulate: Simulate, engine: str) -> None:
    robot = simulate("iiwa", engine, f"joint_strength: {{{IIWA.joints[0].name}: 0}}")
    for _ in range(20):
        robot.command(JointCommand.hold(DEFAULT + 0.5))
        robot.step(1)
        assert robot.torque[0] == 0.0
        assert np.abs(robot.torque[1:]).max() > 0.1
    robot.step(2000)
    moved = robot.sense().joint_position - DEFAULT
    assert np.abs(moved[1:] - 0.5).max() < 0.05
    assert abs(moved[0] - 0.5) > 0.1


def test_torques_end_at_the_limit(simulate: Simulate, engine: str) -> None:
    robot = simulate("iiwa", engine)
    robot.command(JointCommand.hold(DEFAULT + 100.0))
    robot.step(1)
    limits = np.array([joint.max_effort for joint in IIWA.joints])
    assert np.array_equal(robot.torque, limits)


@pytest.mark.parametrize("armature", [0.05, 0.5])
@pytest.mark.shows("joint_armature")
def test_joint_armature(engine: str, armature: float, domain: Callable[..., Domain]) -> None:
    """A first torque tau gives v = tau dt / (I + armature), whatever the other joints do."""
    world = make_engine(domain(engine).engine_name, IIWA)
    inertia = []
    for value in (0.0, armature):
        draw = domain(
            engine, f"gravity: 0, joint_armature: {{{IIWA.joints[0].name}: {value}}}, joint_damping: 0"
        )
        world.apply(draw.draw(IIWA, np.random.default_rng(0)))
        world.reset(DEFAULT, 0.0)
        world.step(10.0 * np.eye(7)[0])
        inertia.append(10.0 * IIWA.time_step / world.joint_velocity[0])
    assert inertia[1] - inertia[0] == pytest.approx(armature, rel=0.02)
    world.close()


def test_no_pose_makes_the_joints_ring(simulate: Simulate, engine: str) -> None:
    """Damping by torques is explicit: where an arm's inertia is small, too much of it oscillates."""
    robot = simulate("iiwa", engine, "gravity: 0")
    rng = np.random.default_rng(0)
    low, high = (np.array([getattr(joint, name) for joint in IIWA.joints]) for name in ("lower", "upper"))
    for pose in (np.zeros(7), *rng.uniform(low, high, (20, 7))):
        robot.reset(pose)
        robot.command(JointCommand.hold(pose + 0.1))
        robot.step(800)
        assert np.abs(robot.sense().joint_velocity).max() < 0.05


@pytest.mark.parametrize("damping", [5.0, 20.0])
@pytest.mark.shows("joint_damping")
def test_joint_damping(engine: str, damping: float, domain: Callable[..., Domain]) -> None:
    """A constant torque about the vertical axis ends in omega = tau / d; without it, omega decays."""
    world = make_engine(domain(engine).engine_name, IIWA)
    draw = domain(engine, f"gravity: 0, joint_damping: {{{', '.join(_only_base(damping))}}}")
    world.apply(draw.draw(IIWA, np.random.default_rng(0)))
    world.reset(DEFAULT, 0.0)
    torque = np.zeros(7)
    torque[0] = 0.2 * damping
    for _ in range(1600):
        world.step(torque)
    steady = world.joint_velocity[0]
    assert steady == pytest.approx(0.2, rel=0.03)
    for _ in range(20):
        world.step(np.zeros(7))
    assert 0.0 < world.joint_velocity[0] < 0.95 * steady
    world.close()


def _only_base(damping: float) -> list[str]:
    """`damping` for the base yaw, and so much for the rest that it moves as one piece."""
    return [f"{joint.name}: {damping if i == 0 else 20.0}" for i, joint in enumerate(IIWA.joints)]


@pytest.mark.parametrize("latency", [0.02, 0.055])
@pytest.mark.shows("action_latency")
def test_action_latency_shifts_the_response(simulate: Simulate, engine: str, latency: float) -> None:
    def response(parameters: str, commanded_at: int) -> Array:
        robot = simulate("iiwa", engine, parameters)
        robot.step(40)
        readings = []
        for step in range(120):
            if step == commanded_at:
                robot.command(JointCommand.hold(DEFAULT + 0.2))
            robot.step(1)
            readings.append(robot.sense().joint_position)
        return np.array(readings)

    shift = round(latency / IIWA.time_step)
    at_once, late = response("", 0), response(f"action_latency: {latency}", 0)
    assert np.allclose(late, response("", shift), atol=1e-9)  # as if it had been said so much later
    assert np.allclose(late[:shift], DEFAULT, atol=1e-6)
    assert np.abs(at_once[shift] - DEFAULT).max() > 0.05


def test_later_set_points_queue_behind_a_latency(simulate: Simulate, engine: str) -> None:
    robot = simulate("iiwa", engine, "action_latency: 0.02")
    robot.command(JointCommand.hold(DEFAULT + 0.3))
    robot.step(4)
    robot.command(JointCommand.hold(DEFAULT))
    robot.step(5)  # the first acts since step 8, the second not before step 12
    assert robot.torque[0] > 10.0
    robot.step(4)
    assert robot.torque[0] < 0.0
