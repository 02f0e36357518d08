"""The study's plan: what is trained, at which masses it is judged, and what it takes up again."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.pictures.canvas import description
from sim.robots import load_robot
from sim.simulated_robot import SimulatedRobot

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "hopper_mass.py"


@pytest.fixture(scope="module")
def study() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("hopper_mass", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hopper_mass"] = module  # where dataclasses look for their types
    spec.loader.exec_module(module)
    yield module
    del sys.modules["hopper_mass"]


def row(study: ModuleType, key: Any, mass: float, value: float) -> Any:
    return study.Row(
        *(key.method, key.seed, key.steps, key.episodes, key.recipe),
        mass,
        value,
        (value - 1, value + 1),
        0.5,
        0.1,
        "x",
    )


def test_every_method_is_a_recipe_and_they_differ_in_nothing_but_what_they_are(study: ModuleType) -> None:
    steps = 2_000_000
    recipes = {m: study.recipe_of(m, 1, steps, 2)[0] for m in study.METHODS}
    sources = {m: recipe.source for m, recipe in recipes.items()}
    assert sources.pop("one") == "nominal"
    assert set(sources.values()) == {"hopper-torso"}
    settings = {m: recipe.train.model_dump() for m, recipe in recipes.items()}
    switches = ("epopt", "widening", "recurrent", "teacher_student")
    switched = {m: {s for s in switches if dump.pop(s) is not None} for m, dump in settings.items()}
    assert switched == {
        "one": set(),
        "ensemble": set(),
        "epopt": {"epopt"},
        "doraemon": {"widening"},
        "recurrent": {"recurrent"},
        "rma": {"teacher_student"},
    }
    assert recipes["epopt"].train.epopt.warm_up == steps // 2
    assert {recipe.train.total_steps for recipe in recipes.values()} == {steps}
    assert settings["rma"].pop("steps") == steps - recipes["rma"].train.teacher_student.student_steps
    alike = [{k: v for k, v in dump.items() if k != "steps"} for dump in settings.values()]
    assert all(dump == alike[0] for dump in alike)


def test_the_torso_weighs_what_the_axis_says(study: ModuleType) -> None:
    robot = load_robot("hopper")
    for mass in (study.MASSES[0], study.MASSES[-1]):
        drawn = SimulatedRobot(robot, study.domain_of(mass))
        drawn.reset()
        assert study.nominal_mass() + drawn.drawn.scalar("base_mass_offset") == pytest.approx(mass)
        drawn.close()
    assert (study.MASSES[0], len(study.MASSES), study.MASSES[-1]) == (3.0, 9, 9.0)


def test_rows_that_are_there_are_found_again_and_torn_ones_are_not(study: ModuleType, tmp_path: Path) -> None:
    key, path = study.Key("one", 0, 100, 2, "r"), tmp_path / "rows.jsonl"
    rows = [row(study, key, mass, mass) for mass in study.MASSES[:2]]
    study.append(path, rows[0])
    with path.open("a") as stream:
        stream.write('{"method": "one", "see')
    study.append(path, rows[1])
    assert study.read_rows(path) == rows
    assert all(key.is_of(r) for r in rows)
    assert not any(
        study.Key(*other).is_of(r)
        for other in (("one", 1, 100, 2, "r"), ("epopt", 0, 100, 2, "r"), ("one", 0, 100, 2, "another"))
        for r in rows
    )


def test_the_picture_says_what_it_shows(study: ModuleType, tmp_path: Path) -> None:
    rows = [
        row(study, study.Key(method, seed, 100, 2, "r"), mass, mass + seed)
        for method in study.METHODS
        for seed in (0, 1)
        for mass in study.MASSES
    ]
    study.draw(rows, tmp_path / "p.png")
    assert "100 steps each" in description(tmp_path / "p.png")
    assert "Means of 2 seeds" in description(tmp_path / "p.png")
    panel = study.panel("one", rows, 12.0)
    assert (panel.means[0].value, panel.means[0].low, panel.means[0].high) == (3.5, 3.0, 4.0)
    assert panel.trained == pytest.approx((study.nominal_mass(), study.nominal_mass()))
    assert study.panel("epopt", rows, 12.0).trained == pytest.approx((3.0, 9.0), abs=0.01)


def test_the_interval_is_student_s(study: ModuleType) -> None:
    """Of 1, 2, 3: mean 2, deviation 1, 2 ± 4.303 / √3."""
    assert study.over_seeds([1.0, 2.0, 3.0]) == "2.0 [-0.5, 4.5]"
    assert study.over_seeds([7.0]) == "7.0"


def test_the_table_has_the_worst_mass_of_each_run(
    study: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    key = study.Key("one", 0, 100, 2, "r")
    study.tabulate([row(study, key, mass, mass) for mass in study.MASSES])
    cells = [cell.strip() for line in capsys.readouterr().out.splitlines() for cell in line.split("│")]
    assert {"one mass", "6.0", "3.0", "9.0", "0.10"} <= set(cells)
