"""Physics engines by name, imported only when used."""

from __future__ import annotations

from sim.domains.domain import Engine as EngineName
from sim.engines.protocol import Engine
from sim.robots.spec import RobotSpec
from sim.scene import Scene


def make_engine(name: EngineName, robot: RobotSpec, scene: Scene | None = None) -> Engine:
    """A fresh world with one `robot`, and what `scene` puts beside it, in the engine called `name`."""
    if name == "mujoco":
        from sim.engines.mujoco_engine import MujocoEngine

        return MujocoEngine(robot, scene)
    from sim.engines.bullet_engine import BulletEngine

    return BulletEngine(robot, scene)
