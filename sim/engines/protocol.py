"""What a physics engine has to offer; two implement it, and everything else speaks only this."""

from __future__ import annotations

from typing import Protocol

from contract.state import Array
from sim.actuators import Actuators
from sim.domains.domain import Draw
from sim.motion import BaseMotion, Motion, StartMotion


class Engine(Protocol):
    """One robot on a plane, or on terrain. Joint arrays are in the order of the robot's joints.

    `joint_position` (n,) rad and `joint_velocity` (n,) rad/s are refreshed by `reset` and `step`.
    """

    joint_position: Array
    joint_velocity: Array

    def apply(self, draw: Draw) -> None:
        """Set masses, friction, damping and gravity; call before `reset`.

        Within an episode it changes them on the fly; only `base_center_offset` must then stay.
        A wall moves at the next `reset`.
        """
        ...

    def shape_ground(self, heights: Array) -> None:
        """Give the terrain these heights, as `sim.terrain.heights` makes them; call before `reset`.

        Needs a ground with terrain.
        """
        ...

    def reset(self, joint_position: Array, base_height: float, motion: StartMotion | None = None) -> None:
        """Place the robot over the origin; upright and at rest unless `motion` says otherwise."""
        ...

    def step(self, torque: Array) -> None:
        """Advance one time step under joint torques (n,) N·m."""
        ...

    def advance(self, actuators: Actuators, motion: Motion, step: int, count: int) -> None:
        """Take `count` steps under the actuators' present set-points, and remember them in `motion`.

        The first is number `step`. Of a motion with a single slot the last step is enough.
        """
        ...

    def kick(self, velocity: Array) -> None:
        """Add a velocity (3,) m/s, world, to a floating base and all that hangs on it."""
        ...

    def pull(self, force: Array | None) -> None:
        """A force (3,) N, world, on a floating base or else on the tool's link; None: no longer.

        It acts at the link's centre of mass until changed; `reset` ends it.
        """
        ...

    def base(self) -> BaseMotion: ...

    def tool_position(self) -> Array:
        """True tool point (3,) m in the world; needs a robot with a tool."""
        ...

    def foot_contacts(self) -> Array:
        """1.0 for each foot that touches the ground, else 0.0; (feet,)."""
        ...

    def place_object(self, position: Array, velocity: Array) -> None:
        """Put the scene's object upright to `position` (3,) m with `velocity` (3,) m/s, world.

        For the start of an episode, after `reset`; needs a scene, as `object_pose` does.
        """
        ...

    def object_pose(self) -> tuple[Array, Array]:
        """True position (3,) m of the object's centre and orientation (4,) xyzw, in the world."""
        ...

    def close(self) -> None: ...
