"""Physics engines by name, imported only when used."""

from __future__ import annotations

from sim.domains.domain import Engine as EngineName
from sim.engines.protocol import Engine
from sim.ground import Ground
from sim.robots.spec import RobotSpec


def make_engine(name: EngineName, robot: RobotSpec, ground: Ground) -> Engine:
    """A fresh world with one `robot` on its `ground`, in the engine called `name`."""
    if name == "mujoco":
        from sim.engines.mujoco_engine import MujocoEngine

        return MujocoEngine(robot, ground)
    from sim.engines.bullet_engine import BulletEngine

    return BulletEngine(robot, ground)
