"""From a recipe's `workers` to a vector environment."""

from __future__ import annotations

from sim.vector.base import RobotVecEnv
from sim.vector.shared_memory import SharedMemoryVecEnv
from sim.vector.spec import EnvironmentSpec


def make_vector(spec: EnvironmentSpec, count: int, workers: int | str, seed: int) -> RobotVecEnv:
    """`count` environments in `workers` processes, or in the Ray actors of "ray" or "ray:8"."""
    if isinstance(workers, int):
        return SharedMemoryVecEnv(spec, count, workers, seed)
    from sim.vector.ray_actors import RayVecEnv  # an optional dependency

    number = workers.partition(":")[2]
    return RayVecEnv(spec, count, int(number) if number else None, seed)
