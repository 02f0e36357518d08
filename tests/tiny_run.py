"""A training run of an arm that is over in a moment, whole as any."""

from __future__ import annotations

from pathlib import Path

from pipeline.loop import train_only
from pipeline.recipe import load_recipe
from pipeline.run_directory import RunDirectory

RECIPE = """
name: tiny
robot: iiwa
task: reach
source: nominal
train: {algorithm: sac, steps: 300, environments: 2, workers: 1, hidden: [16, 16], learning_starts: 100}
evaluate: {episodes: 2}
"""


def train_tiny_run(folder: Path) -> Path:
    """Its directory, within `folder`."""
    (folder / "tiny.yaml").write_text(RECIPE)
    train_only(RunDirectory(folder / "run", *load_recipe(folder / "tiny.yaml")), resume=False)
    return folder / "run"
