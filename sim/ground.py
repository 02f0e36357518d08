"""What robots stand on and run into; engines load only what a domain uses."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.domains.domain import Domain
from sim.robots.spec import RobotSpec

WALL_HALF_SIZE = (1.0, 10.0, 10.0)  # m, as the obstacle of DARC's half-cheetah (arXiv:2006.13916)
NOWHERE = 1000.0  # m, along x, where a wall stands that an episode does without


@dataclass(frozen=True)
class Ground:
    """What there is beside the plane, and where that is."""

    terrain: bool = False
    wall: bool = False
    below: float = 0.0  # m from the world's origin down to the plane: a fixed base is at the origin

    @staticmethod
    def of(domain: Domain, robot: RobotSpec) -> Ground:
        """What the domain's settings can draw, other than nothing; a fixed base may be high."""
        below = robot.base_height if robot.base == "fixed" else 0.0
        return Ground(_used(domain, "terrain_roughness"), _used(domain, "obstacle_distance"), below)


PLANE = Ground()


def _used(domain: Domain, name: str) -> bool:
    return any(s.parameter.name == name and s.support(0.0) != (0.0, 0.0) for s in domain.settings)


def wall_center(distance: float) -> float:
    """Where along x (m) the middle of a wall is whose near face is at `distance` (m); 0: no wall."""
    return distance + math.copysign(WALL_HALF_SIZE[0], distance) if distance else NOWHERE
