"""A run's folder: what was asked for, what has been done, how long it took."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, cast

from contract.errors import TerrafirmaError
from contract.record import Identity
from pipeline.recipe import Recipe

PACKAGES = (
    *("numpy", "torch", "stable-baselines3", "sb3-contrib"),
    *("pybullet", "mujoco", "onnxruntime", "rclpy"),
)


class RunDirectory:
    """`path`/run.json holds recipe hash, seed, commit, versions and the seconds of each stage.

    A run that was interrupted is taken up where it stopped, as long as the recipe is the same.
    """

    def __init__(self, path: Path, recipe: Recipe, recipe_text: str) -> None:
        self.path, self.recipe, self.text = path, recipe, recipe_text
        self._record = path / "run.json"
        self.state: dict[str, Any] = self._open()

    def _open(self) -> dict[str, Any]:
        if self._record.is_file():
            state = read_record(self._record)
            if state.get("recipe_hash") != self.recipe.digest():
                raise TerrafirmaError(
                    f"{self.path} holds a run of another recipe or seed "
                    f"({state.get('recipe')!r}, seed {state.get('seed')}); choose another --out or remove it."
                )
            return state
        if self.path.is_dir() and any(self.path.iterdir()):
            raise TerrafirmaError(f"{self.path} is not empty and holds no run; choose another --out.")
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "recipe.yaml").write_text(self.text)
        state = {
            "recipe": self.recipe.name,
            "recipe_hash": self.recipe.digest(),
            "seed": self.recipe.seed,
            "commit": source_commit(),
            "python": platform.python_version(),
            "versions": _versions(),
            "stages": {},
        }
        write_json(self._record, state)
        return state

    def identity(self, method: str = "train", parent: str | None = None) -> Identity:
        """Identity of a policy that this run makes."""
        recipe = self.recipe
        return Identity(
            recipe.name,
            recipe.robot,
            recipe.task,
            recipe.digest(),
            self.state["commit"],
            parent=parent,
            method=method,
        )

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; its seconds are kept when it succeeds, and say that it did.

        An attempt that is interrupted does not count; a learning curve has the seconds of all.
        """
        started = time.perf_counter()
        yield
        self.state["stages"][name] = self.seconds(name) + time.perf_counter() - started
        write_json(self._record, self.state)

    def seconds(self, name: str) -> float:
        """Seconds that stage `name` took, 0 if it has not run."""
        return float(self.state["stages"].get(name, 0.0))


def read_record(path: Path) -> dict[str, Any]:
    """What run.json holds; raises TerrafirmaError where it is damaged."""
    try:
        state = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise TerrafirmaError(f"{path}: not the record of a run ({error}).") from error
    if not isinstance(state, dict) or not isinstance(state.get("seed"), int):
        raise TerrafirmaError(f"{path}: damaged, it holds no run's facts; remove the run to start over.")
    return cast(dict[str, Any], state)


def write_json(path: Path, value: Any) -> None:
    """Write `value` (dataclasses allowed) to `path`, whole or not at all."""
    text = json.dumps(value, indent=2, default=_plain) + "\n"
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text)
    os.replace(temporary, path)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def source_commit() -> str:
    """Commit of this checkout, with "+changes" where it was edited; "" outside git."""
    root = Path(__file__).parent
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
