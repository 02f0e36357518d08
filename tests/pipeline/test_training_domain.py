"""What a policy was trained in is said by the recipe that made it, and by no other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.evaluation.training_domain import run_of, training_domain
from pipeline.recipe import load_recipe
from pipeline.run_directory import RunDirectory
from pipeline.run_report import _pictures
from policies.runtime import Policy

RECIPE = "{name: moment, robot: iiwa, task: reach, source: iiwa-broken-joint, train: {algorithm: sac}}\n"

Run = Callable[..., Any]


@pytest.fixture
def run(policy: Path, tamper: Run, tmp_path: Path) -> Path:
    """A run directory with the arm's policy as what its recipe trained."""
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE)
    made = RunDirectory(tmp_path / "run", *load_recipe(recipe, 7))
    tamper(policy, '"recipe_hash": ""', f'"recipe_hash": "{made.recipe.digest()}"', sealed=True)
    (made.path / "source").mkdir()
    shutil.move(policy, made.path / "source" / "policy.onnx")
    return made.path


def test_the_run_says_it(run: Path) -> None:
    policy = Policy(run / "source" / "policy.onnx")
    domain = training_domain(policy)
    assert domain is not None
    assert Path(domain.source).stem == "iiwa-broken-joint"
    assert run_of(policy.path) == run


@pytest.mark.parametrize("damage", ["other recipe", "other source", "no record", "moved away"])
def test_nothing_else_is_believed(run: Path, damage: str) -> None:
    path = run / "source" / "policy.onnx"
    if damage == "other recipe":
        (run / "recipe.yaml").write_text(RECIPE.replace("sac", "ppo"))
    elif damage == "other source":
        (run / "recipe.yaml").write_text(RECIPE.replace("iiwa-broken-joint", "nominal"))
    elif damage == "no record":
        (run / "run.json").write_text("{")
    else:
        path = Path(shutil.move(path, run.parent / "policy.onnx"))
    assert training_domain(Policy(path)) is None


def test_evaluations_of_a_run_s_policy_stay_with_the_run_and_reach_its_report(
    run: Path, terrafirma: Run
) -> None:
    policy = run / "source" / "policy.onnx"
    sweep = ("--sweep", "joint_strength/lbr_iiwa_joint_1=0:1:2")
    assert terrafirma("evaluate", policy, *sweep, "--episodes", 1).code == 0
    matrix = ("--matrix", policy, "--domains", "nominal", "iiwa-broken-joint")
    assert terrafirma("evaluate", *matrix, "--episodes", 1).code == 0
    curves, heat_map = _pictures(run)
    assert curves.caption.startswith("run/source in nominal, over joint_strength/lbr_iiwa_joint_1.")
    assert heat_map.caption.startswith("iiwa reach: policies in domains.")
    assert "Framed" in heat_map.caption
    assert {curves.image[:4], heat_map.image[:4]} == {b"\x89PNG"}
    (run / "evaluation" / "sweep-torn.png").write_bytes(curves.image[:10])
    assert len(_pictures(run)) == 2
