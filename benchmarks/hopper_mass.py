"""The mass sweep of EPOpt's paper on our hopper: `make study-hopper-mass`.

Six ways to train, with the same steps: on one torso mass, on an ensemble of masses, on the ensemble's worst
(EPOpt), on as much of it as goes well (DORAEMON), with a memory (LSTM), and by a teacher that is told what no
sensor says, the mass and the base's velocity among it (RMA). Each policy is judged at nine masses. What is
there already is kept: a run goes on from its checkpoint, a row of the same recipe stays.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import tyro
import yaml
from rich.table import Table

from contract.errors import TerrafirmaError
from pipeline.json_lines import append_lines, read_lines
from pipeline.loop import check_recipe
from pipeline.pictures.curve_panel import Mean, Panel
from pipeline.pictures.curves import draw_curves
from pipeline.progress import console, counter, progress
from pipeline.recipe import Recipe, load_recipe
from pipeline.run_directory import RunDirectory
from pipeline.stages import train_source
from pipeline.tables import print_table
from policies.evaluation import evaluate
from policies.runtime import Policy
from policies.statistics import student_interval
from policies.sweep import Sweep
from policies.trained_range import trained_range
from sim.domains.domain import Domain
from sim.domains.parameters import PARAMETERS
from sim.domains.reader import load_domain
from sim.robots import load_robot
from sim.robots.model import facts

RECIPE, ONE, ENSEMBLE = "hopper-run", "nominal", "hopper-torso"
PARAMETER = "base_mass_offset"
MASSES = tuple(np.linspace(3.0, 9.0, 9).tolist())  # kg, of the torso; training draws from all of them
STANDING = 5.0  # return of an episode that stands through; a success of the widening is clearly more
SUCCESS = 1.4 * STANDING
WHOLE = 1024  # steps, of EPOpt's rollouts after its warm-up: two episodes that nothing ends early


@dataclass(frozen=True)
class Method:
    """A way to train: its source domain, and its switches for so many steps."""

    title: str
    source: str
    switch: str = ""

    def settings(self, steps: int) -> dict[str, Any]:
        """What the recipe's training has beyond the others', for `steps` in all."""
        student = steps // 6
        return {
            "": {},
            "epopt": {"epopt": {"epsilon": 0.2, "warm_up": steps // 2, "rollout_steps": WHOLE}},
            "doraemon": {"widening": {"success": 0.5, "least_return": SUCCESS}},
            "recurrent": {"recurrent": {"hidden": 64}},
            "rma": {"steps": steps - student, "teacher_student": {"student_steps": student}},
        }[self.switch]


METHODS = {
    "one": Method("one mass", ONE),
    "ensemble": Method("ensemble", ENSEMBLE),
    "epopt": Method("ensemble, the worst fifth (EPOpt)", ENSEMBLE, "epopt"),
    "doraemon": Method("ensemble, widened (DORAEMON)", ENSEMBLE, "doraemon"),
    "recurrent": Method("ensemble, recurrent (LSTM)", ENSEMBLE, "recurrent"),
    "rma": Method("ensemble, teacher and student (RMA)", ENSEMBLE, "rma"),
}


Name = Literal["one", "ensemble", "epopt", "doraemon", "recurrent", "rma"]
NAMES: tuple[Name, ...] = get_args(Name)


@dataclass(frozen=True)
class Key:
    """What tells a policy's rows from others."""

    method: str
    seed: int
    steps: int
    episodes: int
    recipe: str  # digest of all that decides what is trained

    def is_of(self, row: Row) -> bool:
        return (row.method, row.seed, row.steps, row.episodes, row.recipe) == astuple(self)


@dataclass(frozen=True)
class Row:
    """One policy at one mass; the interval is 95 % over its episodes."""

    method: str
    seed: int
    steps: int
    episodes: int
    recipe: str
    torso_mass: float  # kg
    return_mean: float
    return_ci95: tuple[float, float]
    success_rate: float
    fall_rate: float
    policy_sha256: str


def recipe_of(method: str, seed: int, steps: int, workers: int = 1) -> tuple[Recipe, str]:
    """The recipe of one run, and its text."""
    base, _ = load_recipe(RECIPE)
    data = base.model_dump(mode="json", exclude_none=True)
    way = METHODS[method]
    train = data["train"] | {"steps": steps, "workers": workers} | way.settings(steps)
    data |= {"name": f"hopper-mass-{method}", "source": way.source, "seed": seed, "train": train}
    recipe = Recipe.model_validate(data)
    check_recipe(recipe)
    return recipe, yaml.safe_dump(data, sort_keys=False)


def key_of(method: str, seed: int, steps: int, episodes: int) -> Key:
    """The key of the run of a method."""
    return Key(method, seed, steps, episodes, recipe_of(method, seed, steps)[0].digest()[:12])


def train(key: Key, workers: int, runs: Path) -> Policy:
    """The policy of one run, which goes on where it stopped."""
    recipe, text = recipe_of(key.method, key.seed, key.steps, workers)
    return train_source(RunDirectory(runs / f"{key.method}-{key.steps}-{key.seed}", recipe, text))


def nominal_mass() -> float:
    """kg, of the torso in the robot's file."""
    urdf = facts(load_robot("hopper"))
    return urdf.links[urdf.base].mass


def domain_of(mass: float) -> Domain:
    """The source of `one`, with a torso of `mass` kg."""
    offset = mass - nominal_mass()
    return Sweep(PARAMETERS[PARAMETER], None, (offset,), f"{mass} kg").at(load_domain(ONE), offset)


def judge(policy: Policy, key: Key, mass: float, report: Callable[[], None]) -> Row:
    """One policy at one mass."""
    result = evaluate(policy, domain_of(mass), key.episodes, on_episode=report)
    return Row(
        **asdict(key),
        torso_mass=mass,
        return_mean=result.return_mean,
        return_ci95=result.return_ci95,
        success_rate=result.success_rate,
        fall_rate=result.fall_rate,
        policy_sha256=policy.sha256,
    )


def read_rows(path: Path) -> list[Row]:
    """What has been measured."""
    return read_lines(path, lambda data: Row(**(data | {"return_ci95": tuple(data["return_ci95"])})))


def append(path: Path, row: Row) -> None:
    """Keep a row."""
    append_lines(path, [asdict(row)])


def measure(key: Key, workers: int, runs: Path, results: Path) -> None:
    """Train one policy and judge it, as far as that has not been done."""
    known = {row.torso_mass for row in read_rows(results) if key.is_of(row)}
    missing = [mass for mass in MASSES if mass not in known]
    if not missing:
        return
    policy = train(key, workers, runs)
    with progress(f"judge {key.method}, seed {key.seed}", len(missing) * key.episodes) as bar:
        count = counter(lambda done: bar(done, {}))
        for mass in missing:
            append(results, judge(policy, key, mass, count))


def panel(method: str, rows: Sequence[Row], top: float) -> Panel:
    """Return over mass: the mean of the seeds, and how far they lie apart."""
    means = []
    for mass in MASSES:
        values = [r.return_mean for r in rows if r.method == method and r.torso_mass == mass] or [math.nan]
        means.append(Mean(float(np.mean(values)), min(values), max(values)))
    robot = load_robot("hopper")
    seen = trained_range(load_domain(METHODS[method].source), robot, PARAMETER, None)
    trained = seen.low + nominal_mass(), seen.high + nominal_mass()
    return Panel(METHODS[method].title, MASSES, means, trained, (0.0, top))


def draw(rows: Sequence[Row], path: Path) -> None:
    """A panel a method, on one scale."""
    top = 4.0 * max(1, math.ceil(max(row.return_mean for row in rows) / 4.0))
    seeds, steps = len({row.seed for row in rows}), rows[0].steps
    methods = [method for method in METHODS if any(row.method == method for row in rows)]
    title = f"Return of hopper-run over the torso's mass, {steps:,} steps each"
    notes = [
        f"Means of {seeds} seeds, bars from the worst seed to the best, {rows[0].episodes} episodes a value.",
        "Shaded: what training may draw; the green line is one value.",
    ]
    panels = [panel(method, rows, top) for method in methods]
    draw_curves(path, title, notes, "torso mass (kg)", panels, f"{title}. {' '.join(notes)}")


def over_seeds(values: Sequence[float]) -> str:
    """Mean and 95 % interval of Student's t over seeds; no interval of one seed."""
    mean, (low, high) = float(np.mean(values)), student_interval(values)
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]" if len(values) > 1 else f"{mean:.1f}"


def tabulate(rows: Sequence[Row]) -> None:
    """Print, for each method, the return over all masses and at some, the worst mass, and the falls."""
    table = Table(title="return: mean over seeds, 95 % interval")
    for title in (
        "method",
        "seeds",
        "all masses",
        "worst mass",
        *(f"{m:g} kg" for m in MASSES[::2]),
        "falls",
    ):
        table.add_column(title)
    for method, way in METHODS.items():
        seeds = sorted({row.seed for row in rows if row.method == method})
        runs = [[r for r in rows if (r.method, r.seed) == (method, seed)] for seed in seeds]
        if not runs:
            continue
        curves = [{row.torso_mass: row.return_mean for row in run} for run in runs]
        table.add_row(
            way.title,
            str(len(seeds)),
            over_seeds([float(np.mean(list(curve.values()))) for curve in curves]),
            over_seeds([min(curve.values()) for curve in curves]),
            *(f"{np.mean([curve.get(mass, math.nan) for curve in curves]):.1f}" for mass in MASSES[::2]),
            f"{np.mean([row.fall_rate for run in runs for row in run]):.2f}",
        )
    print_table(table)


def main(
    steps: int = 1_500_000,
    seeds: tuple[int, ...] = (0, 1, 2),
    episodes: int = 40,
    methods: tuple[Name, ...] = NAMES,
    workers: int = 2,
    runs: Path = Path("runs/hopper-mass"),
    results: Path = Path("benchmarks/results/hopper-mass.jsonl"),
    picture: Path = Path("docs/images/hopper-mass.png"),
) -> None:
    """Train, judge and draw.

    Args:
        steps: of each training.
        seeds: one training of each method a seed.
        episodes: at each mass; the same ones for every policy.
        methods: which of them.
        workers: processes that step environments.
        runs: folder of the run directories.
        results: rows as JSON lines; those that it has are not measured again.
        picture: PNG of all rows of these steps, seeds and episodes, whatever the methods.
    """
    keys = [key_of(method, seed, steps, episodes) for seed in seeds for method in methods]
    for i, key in enumerate(keys):
        console.print(f"[{i + 1}/{len(keys)}] {key.method}, seed {key.seed}")
        measure(key, workers, runs, results)
    shown = [key_of(method, seed, steps, episodes) for seed in seeds for method in METHODS]
    rows = [row for row in read_rows(results) if any(key.is_of(row) for key in shown)]
    draw(rows, picture)
    tabulate(rows)
    console.print(f"rows    {results}\npicture {picture}")


if __name__ == "__main__":
    try:
        tyro.cli(main)
    except TerrafirmaError as error:
        console.print(f"error: {error}", markup=False)
        sys.exit(2)
