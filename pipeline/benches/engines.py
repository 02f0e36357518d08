"""Where and by how much PyBullet and MuJoCo differ: both robots get the same set-points.

Differences are no errors of either: contacts are solved in different ways, and what stands on
contacts diverges. An arm should agree to a fraction of a degree.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contract.state import Array, JointCommand
from pipeline.benches.rows import Row
from pipeline.progress import Report
from pipeline.report import LearningCurve, ReportData, write_report
from pipeline.report.data import Diagnostic
from sim.domains.reader import load_domain
from sim.robots import ROBOTS, load_robot
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot

ENGINES = {"bullet": "nominal", "mujoco": "nominal-mujoco"}  # domain of each
SECONDS, RATE = 5.0, 50.0  # of the set-points, Hz
AMPLITUDE = 0.15  # rad, or a quarter of the way to the nearer limit
FREQUENCIES = (0.4, 1.1)  # Hz, of the first joint and of the last
STANDING_SECONDS = 1.0  # before the motion begins
PARTS = len(ROBOTS)
REPORT = Path("runs/bench-engines.html")


@dataclass(frozen=True)
class Motion:
    """What one engine's robot did."""

    joint_position: Array  # (T, n) rad
    torque: Array  # (T, n) N·m
    base_height: Array  # (T,) m


def run(report: Report) -> tuple[list[Row], str]:
    """Compare the engines for every robot and write the plots."""
    rows: list[Row] = []
    diagnostics = []
    for done, name in enumerate(ROBOTS):
        report(done, {})
        robot = load_robot(name)
        motions = {engine: drive(robot, domain) for engine, domain in ENGINES.items()}
        rows += differences(robot, motions)
        diagnostics.append(figures(robot, motions))
    report(len(ROBOTS), {})
    page = ReportData(
        title="Two engines, the same set-points",
        description=f"Robots stand for {STANDING_SECONDS:g} s, then every joint follows a sine of its own.",
        rows=(),
        diagnostics=tuple(diagnostics),
    )
    write_report(page, REPORT)
    return rows, f"plots: {REPORT}"


def set_points(robot: RobotSpec) -> Array:
    """Joint positions (T, n) rad: the default pose, then a sine for each joint, faded in."""
    default, lower, upper = (
        np.array([getattr(joint, field) for joint in robot.joints])
        for field in ("default_position", "lower", "upper")
    )
    time = np.arange(round((STANDING_SECONDS + SECONDS) * RATE)) / RATE - STANDING_SECONDS
    amplitude = np.minimum(AMPLITUDE, 0.25 * np.minimum(upper - default, default - lower))
    frequency = np.geomspace(*FREQUENCIES, len(default))
    fade = np.clip(time, 0.0, 1.0)[:, None]
    return np.asarray(
        default + fade * amplitude * np.sin(2 * np.pi * frequency * np.maximum(time, 0.0)[:, None])
    )


def drive(robot: RobotSpec, domain: str) -> Motion:
    """Follow the set-points in one engine."""
    simulated = SimulatedRobot(robot, load_domain(domain))
    positions, torques, heights = [], [], []
    try:
        simulated.reset()
        for target in set_points(robot):
            simulated.command(JointCommand.hold(target))
            simulated.step(round(1.0 / (RATE * robot.time_step)))
            base, _, position = simulated.pose()
            positions.append(position)
            torques.append(simulated.torque.copy())
            heights.append(base[2])
    finally:
        simulated.close()
    return Motion(np.array(positions), np.array(torques), np.array(heights))


def differences(robot: RobotSpec, motions: dict[str, Motion]) -> list[Row]:
    """Rows of one robot: the joint that differs most, its torque, and the base."""
    a, b = motions.values()
    error = np.sqrt(np.mean((a.joint_position - b.joint_position) ** 2, axis=0))
    torque = np.sqrt(np.mean((a.torque - b.torque) ** 2, axis=0))
    worst, hardest = int(np.argmax(error)), int(np.argmax(torque))
    size = float(np.std(a.joint_position[:, worst]))
    effort = float(np.sqrt(np.mean(a.torque[:, hardest] ** 2)))
    names = [joint.name for joint in robot.joints]
    rows = [
        Row(
            f"{robot.name}: position of {names[worst]}",
            float(error[worst]),
            "rad rms",
            size,
            error[worst] / size,
        ),
        Row(
            f"{robot.name}: torque of {names[hardest]}",
            float(torque[hardest]),
            "N·m rms",
            effort,
            torque[hardest] / effort,
        ),
    ]
    if robot.floating_base:
        gap = float(np.abs(a.base_height - b.base_height).max())
        rows.append(
            Row(f"{robot.name}: height of the base", gap, "m", robot.base_height, gap / robot.base_height)
        )
    return rows


def figures(robot: RobotSpec, motions: dict[str, Motion]) -> Diagnostic:
    """Difference of every joint over time, and the base's height in both."""
    a, b = motions.values()
    time = np.arange(len(a.joint_position)) / RATE
    gap = np.abs(a.joint_position - b.joint_position)
    worst = np.argsort(gap.max(axis=0))[::-1][:3]
    curves = [
        LearningCurve(
            robot.joints[j].name,
            time,
            gap[:, j],
            f"{robot.name}: difference of joint position (rad)",
            "time (s)",
        )
        for j in worst
    ]
    if robot.floating_base:
        curves += [
            LearningCurve(
                engine, time, motion.base_height, f"{robot.name}: height of the base (m)", "time (s)"
            )
            for engine, motion in motions.items()
        ]
    return Diagnostic(robot.name, tuple(curves), "The three joints that differ most.")
