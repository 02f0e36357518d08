"""Changes to a MuJoCo model, each one thing and by one factor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contract.errors import UnknownNameError
from sim.engines.mujoco_library import mujoco
from sim.shifts.model_file import Edit

WALL_DISTANCE, WALL_HALF_SIZES, WALL_HEIGHT = -3.0, (1.0, 10.0, 10.0), 1.0  # m


def _named(kind: str, things: Sequence[Any], factors: Mapping[str, float]) -> Iterator[tuple[Any, float]]:
    """The things that are named, with their factors; raises UnknownNameError with the nearest match."""
    known = {thing.name: thing for thing in things}
    for name, factor in factors.items():
        if name not in known:
            raise UnknownNameError(kind, name, known)
        yield known[name], factor


def ranges(factors: Mapping[str, float]) -> Edit:
    """Multiply the limits of joints, by name."""

    def edit(spec: mujoco.MjSpec) -> None:
        for joint, factor in _named("joint", spec.joints, factors):
            joint.range = factor * joint.range

    return edit


def gravity(factor: float) -> Edit:
    """Multiply it."""

    def edit(spec: mujoco.MjSpec) -> None:
        spec.option.gravity = factor * spec.option.gravity

    return edit


def friction(factor: float) -> Edit:
    """Multiply the coefficients of every geom; of two that touch, MuJoCo takes the greater."""

    def edit(spec: mujoco.MjSpec) -> None:
        for geom in spec.geoms:
            geom.friction = factor * geom.friction

    return edit


def limbs(factors: Mapping[str, float]) -> Edit:
    """Multiply the lengths of bodies, by name: of their capsules, and of the way to what hangs on them."""

    def edit(spec: mujoco.MjSpec) -> None:
        for body, factor in _named("body", spec.bodies, factors):
            for geom in body.geoms:
                geom.pos = factor * geom.pos
                geom.size[1] = factor * geom.size[1]
            for child in body.bodies:
                child.pos = factor * child.pos

    return edit


def wall(spec: mujoco.MjSpec) -> None:
    """DARC's obstacle: a box behind the start, with its near face 2 m away."""
    position = [WALL_DISTANCE, 0.0, WALL_HEIGHT]
    spec.worldbody.add_geom(
        name="wall",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=position,
        size=WALL_HALF_SIZES,
        contype=1,
        conaffinity=1,
        condim=3,
    )
