"""Physics engines by name, imported only when used."""

from __future__ import annotations

from sim.domains.domain import Engine as EngineName
from sim.engines.protocol import Engine
from sim.ground import PLANE, Ground
from sim.robots.spec import RobotSpec
from sim.scene import Scene


def make_engine(
    name: EngineName, robot: RobotSpec, ground: Ground = PLANE, scene: Scene | None = None
) -> Engine:
    """A fresh world with one `robot` on its `ground`, what `scene` puts beside it, in an engine."""
    if name == "mujoco":
        from sim.engines.mujoco_engine import MujocoEngine

        return MujocoEngine(robot, ground, scene)
    from sim.engines.bullet_engine import BulletEngine

    return BulletEngine(robot, ground, scene)
