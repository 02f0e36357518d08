"""Gymnasium's own MuJoCo models, changed by program."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gymnasium.envs.mujoco
import mujoco

ASSETS = Path(gymnasium.envs.mujoco.__file__).parent / "assets"
Edit = Callable[[mujoco.MjSpec], None]


@contextmanager
def edited_model(name: str, edit: Edit) -> Iterator[str]:
    """The path of Gymnasium's model `name` after `edit`; the file lasts as long as the context."""
    spec = mujoco.MjSpec.from_file(str(ASSETS / name))
    edit(spec)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(spec.to_xml())
        yield str(path)
