"""What stands around a robot: one object on the ground, for tasks that move something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from contract.state import Array
from sim.robots.spec import Vector


@dataclass(frozen=True)
class SceneObject:
    """A rigid, homogeneous object.

    `size` is a box's edge lengths, or a cylinder's diameter twice and its height, m. `friction` times the
    domain's `ground_friction` is the Coulomb coefficient of all its contacts, with ground and robot.
    """

    shape: Literal["box", "cylinder"]
    size: Vector
    mass: float  # kg
    friction: float  # 1


@dataclass(frozen=True)
class Scene:
    """The object, where it starts, and how well an outside observer sees it.

    At the start of an episode the object rests on level ground, its centre uniform between `low` and `high`.
    """

    object: SceneObject
    low: tuple[float, float]  # m, x and y in the world
    high: tuple[float, float]  # m
    observer_noise: float  # m, standard deviation of each measured coordinate

    def start(self, rng: np.random.Generator) -> Array:
        """Where the object's centre (3,) m, world, starts an episode."""
        return np.array([*rng.uniform(self.low, self.high), self.object.size[2] / 2.0])
