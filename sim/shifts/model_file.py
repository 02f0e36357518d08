"""Gymnasium's own MuJoCo models, changed by program."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import gymnasium.envs.mujoco

from sim.engines.mujoco_library import mujoco

ASSETS = Path(gymnasium.envs.mujoco.__file__).parent / "assets"
Edit = Callable[[mujoco.MjSpec], None]


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Lasts as long as the process: Gymnasium reads a model again for each environment of a kind."""
    return tempfile.TemporaryDirectory(prefix="terrafirma-models-")


def _unscaled_mass(spec: mujoco.MjSpec) -> float:
    """kg, of all bodies before the model's own total is imposed on them."""
    total = spec.compiler.settotalmass
    spec.compiler.settotalmass = -1.0
    mass = float(spec.compile().body_mass.sum())
    spec.compiler.settotalmass = total
    return mass


def edited_model(name: str, edit: Edit) -> str:
    """The path of Gymnasium's model `name` after `edit`."""
    spec = mujoco.MjSpec.from_file(str(ASSETS / name))
    total, before = spec.compiler.settotalmass, _unscaled_mass(spec)
    edit(spec)
    if total > 0.0:  # else what is taken from one body would be given to the others
        spec.compiler.settotalmass = total * _unscaled_mass(spec) / before
    text = spec.to_xml()
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = Path(_folder().name) / f"{Path(name).stem}-{digest}.xml"
    path.write_text(text)
    return str(path)
