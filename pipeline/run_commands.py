"""`terrafirma run`, `train` and `adapt`: what works on a run's folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from contract.errors import TerrafirmaError
from pipeline.progress import console


def run(
    recipe: Positional[str],
    /,
    out: Path | None = None,
    seed: int | None = None,
    workers: str | None = None,
) -> int:
    """Do the whole loop of a recipe: train, deploy, record, adapt, deploy again, compare, report.

    An interrupted run goes on where it stopped when it is started again with the same --out.

    Args:
        recipe: recipe file, or the name of a shipped one.
        out: run directory; by default runs/<recipe>-<seed>.
        seed: instead of the recipe's.
        workers: processes that step environments, or ray, or ray:N for N actors.
    """
    from pipeline.loop import run_loop
    from pipeline.tables import show_rows

    directory = _run_directory(recipe, out, seed, workers)
    with _resumable(directory.path, f"the same command, with --out {directory.path}"):
        show_rows(run_loop(directory))
    return 0


def train(
    recipe: Positional[str],
    /,
    out: Path | None = None,
    seed: int | None = None,
    resume: bool = False,
    workers: str | None = None,
) -> int:
    """Train a recipe's policy, export it, evaluate it and write a report.

    Args:
        recipe: recipe file, or the name of a shipped one.
        out: run directory; by default runs/<recipe>-<seed>.
        seed: instead of the recipe's.
        resume: go on from the run's checkpoint.
        workers: processes that step environments, or ray, or ray:N for N actors.
    """
    from pipeline.loop import train_only
    from pipeline.tables import show_rows

    directory = _run_directory(recipe, out, seed, workers, resume)
    with _resumable(directory.path, f"the same command, with --out {directory.path} --resume"):
        show_rows(train_only(directory, resume))
    return 0


def adapt(
    source_run: Positional[Path],
    /,
    samples: Path,
    method: str = "darc",
    out: Path | None = None,
    namespace: str | None = None,
) -> int:
    """Adapt a trained run's policy to a bag recorded on its target.

    Args:
        source_run: run directory of `terrafirma train` or `run`.
        samples: bag that `terrafirma collect` or a launch recorded.
        method: darc or fine-tune.
        out: folder for the adapted policy; by default <run>/<method>. It must not hold a policy yet.
        namespace: of the robot, e.g. /robot_1, where the bag holds several.
    """
    from pipeline.loop import adapt_only
    from pipeline.recipe import load_recipe
    from pipeline.run_directory import RunDirectory, read_record

    recipe_file = source_run / "recipe.yaml"
    if not recipe_file.is_file():
        raise TerrafirmaError(f"{source_run}: holds no recipe.yaml; give the directory of a training run.")
    seed = read_record(source_run / "run.json")["seed"]
    directory = RunDirectory(source_run, *load_recipe(recipe_file, seed))
    sys.stdout.write(f"{adapt_only(directory, samples, method, out, namespace).path}\n")
    return 0


def _run_directory(
    recipe: str, out: Path | None, seed: int | None, workers: str | None, resume: bool = False
) -> Any:
    from pipeline.loop import check_recipe
    from pipeline.recipe import load_recipe
    from pipeline.run_directory import RunDirectory
    from policies.train import CHECKPOINT

    loaded, text = load_recipe(recipe, seed, workers)
    check_recipe(loaded)  # before anything is created
    path = out or Path("runs") / f"{loaded.name}-{loaded.seed}"
    if resume and not (path / "source" / CHECKPOINT).is_file():
        raise TerrafirmaError(f"{path}: holds no checkpoint to go on from; leave --resume out to begin.")
    return RunDirectory(path, loaded, text)


@contextmanager
def _resumable(path: Path, how: str) -> Iterator[None]:
    """Say, of a run that is interrupted once it has a checkpoint, how it goes on."""
    from policies.train import CHECKPOINT

    try:
        yield
    except KeyboardInterrupt:
        if any(path.rglob(CHECKPOINT)):
            console.print(f"interrupted; it goes on with {how}", markup=False, soft_wrap=True)
        raise
