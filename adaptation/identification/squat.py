"""Squats of a legged robot on its feet, and what they tell of its weight.

While feet stand, forces that legs exert on each other through the ground do no work on a motion straight up.
So along that motion the joints carry the weight, whatever the contacts are like and wherever the feet are:

    Σ_j kp_j (q*_j - q_j) dq_j/dh = m g / strength + what swings back and forth

with dq/dh from the pose that the legs are in. Up and down dry friction cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adaptation.identification.replay import JointLog, replay
from adaptation.identification.unknowns import Unknowns
from contract.errors import DomainError, TerrafirmaError
from contract.gait import TrotGenerator
from contract.record import Leg
from contract.state import Array
from sim.domains.domain import Domain
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot

PAYLOAD = "base_mass_offset"
SETTLE = 1.0  # s of standing, before and after
NEAR, STILL = 0.01, 1e-4  # rad: of a set-point from the squats' path, and between two that are alike
SOLVED, MOST_STEPS = 1e-3, 12  # kg; replays
DEVIATION = 1.0 / np.sqrt(12.0)  # of a quantile


@dataclass(frozen=True)
class Squat:
    """`count` times down by `depth` m and up again, `frequency` a second."""

    depth: float = 0.05
    frequency: float = 0.5  # Hz
    count: int = 4

    def set_points(self, spec: RobotSpec, rate: float) -> Array:
        """Joint positions (N, n) rad at `rate` Hz, from the robot's default pose.

        Raises:
            TerrafirmaError: the robot has no legs of which anybody knows, or a joint would leave its limits.
        """
        still = np.zeros(round(SETTLE * rate))
        time = np.arange(round(self.count / self.frequency * rate)) / rate
        down = 0.5 * self.depth * (1.0 - np.cos(2.0 * np.pi * self.frequency * time))
        stance = _stance(spec)
        set_points = np.array([stance(-drop) for drop in (*still, *down, *still)])
        for joint, column in zip(spec.joints, set_points.T, strict=True):
            if column.min() < joint.lower or column.max() > joint.upper:
                raise TerrafirmaError(
                    f"{spec.name} cannot squat by {self.depth:g} m: {joint.name} would leave "
                    f"[{joint.lower:g}, {joint.upper:g}] rad."
                )
        return set_points

    def __post_init__(self) -> None:
        if not (self.depth > 0.0 and self.frequency > 0.0 and self.count > 0):
            raise TerrafirmaError(f"a squat needs a depth, a frequency and a count above 0, got {self}.")


def upwards(spec: RobotSpec, position: Array) -> Array:
    """Joint velocities (..., n) rad/m with which the base would move straight up from positions (..., n) rad.

    The base is upright, and feet stay; joints that belong to no leg stay as well.
    """
    assert spec.gait is not None
    result = np.zeros_like(position)
    for leg in spec.gait.legs:
        joints, sign = list(leg.joints), np.array(leg.sign)
        angles = sign * (position[..., joints] - np.array(leg.zero))
        down = np.linalg.solve(_jacobian(leg, angles), np.array([0.0, 0.0, -1.0])[:, None])[..., 0]
        result[..., joints] = sign * down
    return result


def _jacobian(leg: Leg, angles: Array) -> Array:
    """Derivatives (..., 3, 3) of a foot's place x, y, z (m, from its hip) by abduction, thigh and knee."""
    abduction, thigh, knee = np.moveaxis(angles, -1, 0)
    shank = thigh + knee
    x = -leg.thigh * np.sin(thigh) - leg.shank * np.sin(shank)
    below = -leg.thigh * np.cos(thigh) - leg.shank * np.cos(shank)  # within the leg's plane
    sine, cosine = np.sin(abduction), np.cos(abduction)
    y, z = leg.lateral_offset * cosine - below * sine, leg.lateral_offset * sine + below * cosine
    knee_x, knee_below = -leg.shank * np.cos(shank), leg.shank * np.sin(shank)
    rows = (
        (np.zeros_like(x), below, knee_x),
        (-z, x * sine, -knee_below * sine),
        (y, -x * cosine, knee_below * cosine),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _stance(spec: RobotSpec) -> Callable[[float], Array]:
    """Joint positions (n,) rad of a robot that stands so many m higher than in its default pose.

    Feet stay where that pose has them: elsewhere they would have to slide, or pull at each other.
    """
    gait = spec.gait
    if gait is None:
        raise TerrafirmaError(f"{spec.name}: its file knows of no legs, so nobody knows how it would squat.")
    default = np.array([joint.default_position for joint in spec.joints])
    ahead, height = np.mean([_foot(leg, default) for leg in gait.legs], axis=0)

    def stance(higher: float) -> Array:
        lifted = replace(gait, body_height=float(height) + higher, foot_x_offset=float(ahead))
        return TrotGenerator(lifted, default).joint_position(0.0, np.zeros(3))

    return stance


def _foot(leg: Leg, position: Array) -> tuple[float, float]:
    """How far ahead of its hip and below it a foot is, m, with the leg's plane upright."""
    _, thigh, knee = np.array(leg.sign) * (position[list(leg.joints)] - np.array(leg.zero))
    ahead = -leg.thigh * np.sin(thigh) - leg.shank * np.sin(thigh + knee)
    return float(ahead), float(leg.thigh * np.cos(thigh) + leg.shank * np.cos(thigh + knee))


@dataclass(frozen=True)
class Payload:
    """kg that a base carries, and the deviation by what else is uncertain."""

    mass: float
    deviation: float


def find_payload(spec: RobotSpec, prior: Domain, log: JointLog, squat: Squat) -> Payload:
    """The mass within the prior's range with which a simulated robot carries what the log's carried.

    What else the prior leaves open is taken from its middle, and its deviation adds to that of the mass.

    Raises:
        DomainError: the prior leaves the payload not open.
        TerrafirmaError: no payload within its range explains the log, or there is no squat in it.
    """
    unknowns = Unknowns(prior)
    if PAYLOAD not in unknowns.names:
        raise DomainError(f"{prior.source}: has no distribution for {PAYLOAD}, which squats tell of.")
    index = unknowns.names.index(PAYLOAD)
    rows = _squatting(log, squat.set_points(spec, log.rate))
    gains = np.array([joint.kp for joint in spec.joints])

    def lift(position: Array) -> float:
        """Mean force (N) upwards of drives of full strength."""
        return float(
            np.mean(np.sum(gains * (log.command - position) * upwards(spec, position), axis=1)[rows])
        )

    measured = lift(log.position)
    robot = SimulatedRobot(spec, prior)
    middle = [0.5] * len(unknowns.names)

    def mass_at(quantiles: list[float]) -> float:
        def lacking(quantile: float) -> float:
            """N that this payload is too little."""
            robot.redistribute(unknowns.at([*quantiles[:index], quantile, *quantiles[index + 1 :]]))
            return measured - lift(replay(robot, log))

        solved = _root(lacking, unknowns, index)
        return unknowns.values([*quantiles[:index], solved, *quantiles[index + 1 :]])[index]

    try:
        mass = mass_at(middle)
        variance = 0.0
        for other in set(range(len(middle))) - {index}:
            moved = middle.copy()
            moved[other] += DEVIATION
            variance += (mass_at(moved) - mass) ** 2
        return Payload(mass, float(np.sqrt(variance)))
    finally:
        robot.close()


def _squatting(log: JointLog, path: Array) -> NDArray[np.intp]:
    """The ticks at which the robot is on its way down or up; dry friction holds a robot that stands anywhere.

    Raises:
        TerrafirmaError: there is no squat in the log.
    """
    on_path = np.array([np.abs(path - told).max(axis=1).min() < NEAR for told in log.command])
    moves = np.abs(np.gradient(log.command, axis=0)).max(axis=1) > STILL
    rows = np.flatnonzero(on_path & moves)
    if len(rows) < log.rate:
        raise TerrafirmaError(
            "what the robot was told in this log are no squats; `terrafirma excite` makes some."
        )
    return rows


def _root(lacking: Callable[[float], float], unknowns: Unknowns, index: int) -> float:
    """Quantile of the payload at which nothing is lacking; it is nearly linear."""
    low, high = 0.0, 1.0
    at_low, at_high = lacking(low), lacking(high)
    if at_low * at_high > 0.0:
        ends = unknowns.settings[index].distribution.support()
        raise TerrafirmaError(
            f"no payload within [{ends[0]:g}, {ends[1]:g}] kg explains how the joints sag; widen the prior, "
            "or look for other parameters first."
        )
    span = np.ptp(unknowns.settings[index].distribution.support())
    for _ in range(MOST_STEPS):
        middle = low - at_low * (high - low) / (at_high - at_low)
        at_middle = lacking(middle)
        nearer = abs(at_middle) < 1e-9 or min(middle - low, high - middle) * span < SOLVED
        if at_middle * at_low > 0.0:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
        if nearer:
            break
    return float(middle)
