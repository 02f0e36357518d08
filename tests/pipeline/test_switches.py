"""Switches that do not fit their recipe are refused before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import TerrafirmaError
from pipeline.cli import INVALID_INPUT, main
from pipeline.loop import check_recipe
from pipeline.recipe import load_recipe

RECIPE = """\
name: small
robot: hopper
task: run
source: SOURCE
train:
  algorithm: ppo
  steps: 100000
  rollout_steps: 512
  environments: 4
"""
EPOPT = "  epopt: {epsilon: 0.2, warm_up: 1000}\n"
WIDENING = "  widening: {success: 0.6}\n"


def write(folder: Path, switches: str, source: str = "hopper-torso", old: str = "", new: str = "") -> Path:
    path = folder / "small.yaml"
    text = RECIPE.replace("SOURCE", source) + switches
    assert old in text
    path.write_text(text.replace(old, new) if old else text)
    return path


@pytest.mark.parametrize("switches", [EPOPT, WIDENING, "  epopt: {warm_up: 0}\n", "  widening: {}\n"])
def test_those_that_fit_are_taken_and_are_part_of_what_a_run_is(tmp_path: Path, switches: str) -> None:
    recipe, _ = load_recipe(write(tmp_path, switches))
    check_recipe(recipe)
    assert recipe.digest() != load_recipe(write(tmp_path, ""))[0].digest()


def test_a_switch_that_is_off_is_as_if_there_were_none(tmp_path: Path) -> None:
    plain = load_recipe(write(tmp_path, ""))[0].digest()
    assert load_recipe(write(tmp_path, "  epopt:\n  widening:\n"))[0].digest() == plain


@pytest.mark.parametrize(
    ("switches", "source", "old", "new", "message"),
    [
        (
            EPOPT,
            "nominal",
            "",
            "",
            r"small: unknown source with distributions, as train\.epopt needs, 'nominal'\. .*hopper-torso",
        ),
        (WIDENING, "nominal", "", "", r"as train\.widening needs, 'nominal'"),
        (EPOPT + WIDENING, "hopper-torso", "", "", r"epopt and widening exclude each other"),
        (
            EPOPT,
            "hopper-torso",
            "rollout_steps: 512",
            "rollout_steps: 499",
            r"train\.rollout_steps: .*'run' has 500 steps; got 499, give 500 or more",
        ),
        (
            EPOPT,
            "hopper-torso",
            "warm_up: 1000",
            "warm_up: 100000",
            r"train\.epopt\.warm_up: 100000 steps are all",
        ),
        (
            EPOPT,
            "hopper-torso",
            "algorithm: ppo\n  steps: 100000\n  rollout_steps: 512",
            "algorithm: sac\n  steps: 100000",
            r"unknown recipe field 'train\.epopt' of algorithm 'sac'; it belongs to 'ppo'",
        ),
        (
            WIDENING,
            "hopper-torso",
            "algorithm: ppo\n  steps: 100000\n  rollout_steps: 512",
            "algorithm: sac\n  steps: 100000",
            r"unknown recipe field 'train\.widening' of algorithm 'sac'; it belongs to 'ppo'",
        ),
        (
            EPOPT,
            "hopper-torso",
            "epsilon",
            "epsilom",
            r"'train\.epopt\.epsilom'\. Did you mean 'train\.epopt\.epsilon'\?",
        ),
        (EPOPT, "hopper-torso", "0.2", "1.0", r"train\.epopt\.epsilon: .*less than 1, got 1\.0"),
        (
            "  epopt: {rank: returns}\n",
            "hopper-torso",
            "",
            "",
            r"train\.epopt\.rank: .*'advantage' or 'return', got 'returns'",
        ),
        (WIDENING, "hopper-torso", "success", "succes", r"Did you mean 'train\.widening\.success'\?"),
        (
            WIDENING,
            "legged-rough",
            "robot: hopper\ntask: run",
            "robot: a1\ntask: velocity",
            r"legged-rough\.yaml:6: terrain_roughness: a curriculum widens by itself",
        ),
        (
            EPOPT,
            "legged-rough",
            "robot: hopper\ntask: run",
            "robot: a1\ntask: velocity",
            r"train\.epopt: the curriculum of 'legged-rough' rises with success",
        ),
        ("  symmetry: true\n", "nominal", "", "", r"symmetry: hopper has no gait"),
        (
            "  epopt: {rollout_steps: 400}\n",
            "hopper-torso",
            "",
            "",
            r"train\.epopt\.rollout_steps: .* got 400, give 500 or more",
        ),
        (
            WIDENING + "  stop_at: {at_least: {success: 0.9}}\n",
            "hopper-torso",
            "",
            "",
            r"stop_at and widening do not go together",
        ),
        (
            "  teacher_student: {}\n  stop_at: {at_least: {success: 0.9}}\n",
            "hopper-torso",
            "",
            "",
            r"stop_at and teacher_student do not go together",
        ),
        (
            EPOPT + "  privileged_critic: true\n",
            "hopper-torso",
            "",
            "",
            r"epopt\.rank: advantage compares with what the critic expects",
        ),
        ("  minibatches: 7\n", "nominal", "", "", r"minibatches: 7 does not divide a rollout, 2048 steps"),
    ],
)
def test_those_that_do_not_are_refused(
    tmp_path: Path, switches: str, source: str, old: str, new: str, message: str
) -> None:
    with pytest.raises(TerrafirmaError, match=message):
        check_recipe(load_recipe(write(tmp_path, switches, source, old, new))[0])


def test_the_command_ends_with_invalid_input(tmp_path: Path) -> None:
    recipe = write(tmp_path, EPOPT, "nominal")
    assert main(["train", str(recipe), "--out", str(tmp_path / "run")]) == INVALID_INPUT
    assert not (tmp_path / "run").exists()
