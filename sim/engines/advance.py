"""Several physics steps under constant set-points, in Python, for engines without a faster way."""

from __future__ import annotations

from sim.actuators import Actuators
from sim.engines.protocol import Engine
from sim.motion import Motion


def advance(engine: Engine, actuators: Actuators, motion: Motion, step: int, count: int) -> None:
    """Step and remember; the base after the last step only, unless a late sensor may ask for older ones.

    Args:
        step: number of the physics step that the first one is.
    """
    last = step + count - 1
    for now in range(step, step + count):
        torque = actuators.torque(engine.joint_position, engine.joint_velocity)
        engine.step(torque)
        motion.put_joints(now, engine.joint_position, engine.joint_velocity, torque)
        if motion.slots > 1 or now == last:
            motion.put_base(now, engine.base())
