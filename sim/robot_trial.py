"""Whether a robot stands, and where its open-loop trot takes it: in both engines, without any policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contract.errors import TerrafirmaError
from contract.gait import TrotGenerator
from contract.record import Gait
from contract.rotation import tilt
from contract.state import JointCommand
from sim.domains.domain import ENGINES, Domain
from sim.engines.bullet import pybullet
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot

SECONDS = 1.0  # of standing
SAG = 0.2  # rad that a joint may be off, and a base may lean
SPEED, TROT_SECONDS, RATE = 0.4, 4.0, 50.0  # m/s, s, Hz: a walk straight ahead
FALLEN = 0.8  # rad
SLOW = 0.4  # share of the way that a trot should get at least


@dataclass(frozen=True)
class Trial:
    """What one engine showed."""

    engine: str
    sag: float  # rad, largest distance of a joint from its default after standing
    tilt: float  # rad, of the base after standing
    trotted: float | None = None  # m ahead in the robot's own direction; None: it has no gait
    fell: bool = False

    @property
    def stands(self) -> bool:
        """Whether joints and base stayed about where they were put; NaN is no such thing."""
        return self.sag < SAG and self.tilt < SAG

    @property
    def complaints(self) -> list[str]:
        """What a user should know, if anything."""
        found = []
        if not self.sag < SAG:
            found.append(
                f"{self.engine}: after a second a joint is {self.sag:.2f} rad from its default; raise kp"
            )
        if not self.tilt < SAG:
            found.append(f"{self.engine}: does not stand in its default pose after a second; choose another")
        if self.fell:
            found.append(f"{self.engine}: falls when it trots {SPEED:g} m/s without a policy; look at gait")
        elif self.trotted is not None and self.trotted < SPEED * TROT_SECONDS * SLOW:
            found.append(
                f"{self.engine}: asked to trot {SPEED * TROT_SECONDS:g} m without a policy it gets "
                f"{self.trotted:.2f} m; raise kp"
            )
        return found


def trials(spec: RobotSpec) -> list[Trial]:
    """One trial in each engine, in its nominal domain.

    Raises:
        TerrafirmaError: an engine cannot load the robot.
    """
    return [_trial(spec, engine) for engine in ENGINES]


def _trial(spec: RobotSpec, engine: str) -> Trial:
    default = np.array([joint.default_position for joint in spec.joints])
    try:
        robot = SimulatedRobot(spec, Domain(engine))
    except (ValueError, pybullet.error) as error:
        raise TerrafirmaError(
            f"{spec.urdf}: {engine} cannot load it ({' '.join(str(error).split())})."
        ) from error
    robot.reset()
    robot.step(round(SECONDS / spec.time_step))
    sag = float(np.abs(robot.sense().joint_position - default).max())
    lean = float(tilt(robot.pose()[1])) if spec.base != "fixed" else 0.0
    trotted, fell = _trot(robot, spec.gait) if spec.gait else (None, False)
    robot.close()
    return Trial(engine, sag, lean, trotted, fell)


def _trot(robot: SimulatedRobot, gait: Gait) -> tuple[float, bool]:
    """How far (m) it gets ahead, and whether it falls."""
    default = np.array([joint.default_position for joint in robot.spec.joints])
    trot = TrotGenerator(gait, default)
    robot.reset()
    start = robot.pose()[0]
    for tick in range(round(TROT_SECONDS * RATE)):
        robot.command(JointCommand.hold(trot.joint_position(tick / RATE, np.array([SPEED, 0.0, 0.0]))))
        robot.step(round(1.0 / (RATE * robot.spec.time_step)))
        if not tilt(robot.pose()[1]) < FALLEN:
            return float(robot.pose()[0][0] - start[0]), True
    return float(robot.pose()[0][0] - start[0]), False
