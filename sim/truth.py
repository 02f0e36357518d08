"""What only a simulator knows; rewards and critics may use it, policies may not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from contract.rotation import quaternion_matrix
from contract.state import Array
from sim.motion import Motion


@dataclass
class Truth:
    """The base's true motion, of one robot or, with leading axes (...), of several."""

    base_position: Array  # (..., 3) m, world
    world_velocity: Array  # (..., 3) m/s, of the base, world
    base_linear_velocity: Array  # (..., 3) m/s, base frame
    base_angular_velocity: Array  # (..., 3) rad/s, base frame
    base_orientation: Array  # (..., 4) xyzw, world
    ground_height: Array | float = 0.0  # (...) m, of the ground below the base

    @classmethod
    def of(cls, motion: Motion, newest: Any, ground_height: Array | float) -> Truth:
        """From the states of `motion` at the index `newest`."""
        position, velocity = motion.position[newest], motion.linear_velocity[newest]
        orientation = motion.orientation[newest]
        into_body = np.swapaxes(quaternion_matrix(orientation), -1, -2)
        turning = motion.angular_velocity[newest]
        return cls(
            position.copy(),
            velocity.copy(),
            (into_body @ velocity[..., None])[..., 0],
            (into_body @ turning[..., None])[..., 0],
            orientation.copy(),
            ground_height,
        )

    @property
    def base_height(self) -> Array:
        """Of the base above the ground below it, (...) m."""
        return np.asarray(self.base_position[..., 2] - self.ground_height)
