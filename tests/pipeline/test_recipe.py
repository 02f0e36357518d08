"""Recipes are read strictly, and a run directory belongs to one of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.errors import TerrafirmaError, UnknownNameError
from pipeline.loop import check_recipe
from pipeline.recipe import RECIPES, SWITCHES, load_recipe
from pipeline.run_directory import RunDirectory, write_json
from sim.domains.reader import find_domain

RECIPE = """\
name: small
robot: iiwa
task: reach
source: nominal
train:
  algorithm: sac
  steps: 100
"""

Run = Callable[..., Any]


def write(folder: Path, old: str = "", new: str = "") -> Path:
    path = folder / "small.yaml"
    assert old in RECIPE
    path.write_text(RECIPE.replace(old, new) if old else RECIPE + new)
    return path


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_recipes_are_valid(path: Path) -> None:
    recipe, text = load_recipe(path.stem)
    assert recipe.name == path.stem
    assert text == path.read_text()
    check_recipe(recipe)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "robt: a1\n", r"small\.yaml: unknown recipe field 'robt'\. Did you mean 'robot'\?"),
        (
            "  steps: 100",
            "  step: 100",
            r"unknown recipe field 'train\.step'\. Did you mean 'train\.steps'\?",
        ),
        ("", "darc: {stepz: 3}\n", r"unknown recipe field 'darc\.stepz'\. Did you mean 'darc\.steps'\?"),
        (
            "",
            "collect: {rates: 3}\n",
            r"unknown recipe field 'collect\.rates'\. Did you mean 'collect\.rate'",
        ),
        ("sac\n", "sac\n  rollout_steps: 8\n", r"unknown recipe field 'train\.rollout_steps'"),
        (
            "algorithm: sac",
            "algorithm: ppo\n  recurrent: {hiden: 8}",
            r"unknown recipe field 'train\.recurrent\.hiden'\. Did you mean 'train\.recurrent\.hidden'\?",
        ),
        (
            "algorithm: sac",
            "algorithm: ppo\n  recurrnt: {}",
            r"unknown recipe field 'train\.recurrnt'\. Did you mean 'train\.recurrent'\?",
        ),
        ("sac\n", "sac\n  recurrent: {}\n", r"unknown recipe field 'train\.recurrent'"),
        ("sac\n", "ppo\n  recurrent: {hidden: 0}\n", r"train\.recurrent\.hidden: .*greater than 0, got 0"),
        ("sac\n", "ppo\n  recurrent: true\n", r"train\.recurrent: .*got True"),
        ("sac\n", "sac\n  privileged_critic: true\n", r"unknown recipe field 'train\.privileged_critic'"),
        (
            "sac\n",
            "ppo\n  teacher_student: {}\n  recurrent: {}\n",
            r"small\.yaml: train: recurrent and teacher_student do not go together: .*choose one of them\.$",
        ),
        (
            "sac\n",
            "ppo\n  recurrent: {}\n  privileged_critic: true\n",
            r"train: recurrent and privileged_critic do not go together",
        ),
        (
            "sac\n",
            "ppo\n  teacher_student: {histry: 5}\n",
            r"'train\.teacher_student\.histry'\. Did you mean 'train\.teacher_student\.history'\?",
        ),
        (
            "sac\n",
            "ppo\n  teacher_student: {history: 1}\n",
            r"train\.teacher_student\.history: .*greater than or equal to 2, got 1",
        ),
        (
            "sac\n",
            "ppo\n  environments: 4\n  rollout_steps: 8\n  teacher_student: {student_steps: 31}\n",
            r"train: teacher_student\.student_steps: 31 is less than one rollout, 32",
        ),
        ("sac\n", "ppo\n  teacher_student: true\n", r"train\.teacher_student: .*got True"),
        ("steps: 100", "steps: many", r"small\.yaml: train\.steps: .*integer.*got 'many'"),
        ("steps: 100", "steps: 100 s", r"train\.steps: .*got '100 s'"),
        ("steps: 100", "steps: -1", r"train\.steps: .*greater than 0, got -1"),
        ("sac", "dqn", r"train: .*'sac', 'ppo'"),
        ("robot: iiwa\n", "", r"small\.yaml: robot: Field required"),
        ("robot: iiwa", "robot: [iiwa]", r"robot: .*string"),
        ("", "darc: {delta_r_ramp: 2}\n", r"darc\.delta_r_ramp: .*less than or equal to 1"),
        ("", "seed: -1\n", r"seed: .*greater than or equal to 0"),
        ("", "collect: 3\n", r"collect: .*got 3"),
        ("name: small", "name: [", "not valid YAML"),
        ("name: small", "name: 2020-13-45", "not valid YAML"),
        ("name: small", "name: " + "[" * 5000, "not valid YAML"),
    ],
)
def test_mistakes_are_named_with_their_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(TerrafirmaError, match=message):
        load_recipe(write(tmp_path, old, new))


@pytest.mark.parametrize("text", ["", "a word", "- a list", "\x00\x01"])
def test_files_that_are_no_recipe(tmp_path: Path, text: str) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(text)
    with pytest.raises(TerrafirmaError, match=r"small\.yaml"):
        load_recipe(path)


def test_a_memory_is_part_of_what_a_run_is_and_none_is_nothing_new(tmp_path: Path) -> None:
    def digest(train: str) -> str:
        return load_recipe(write(tmp_path, "algorithm: sac", f"algorithm: ppo{train}"))[0].digest()

    plain = digest("")
    assert digest("\n  recurrent:") == digest("\n  workers: 1") == plain
    assert len({plain, digest("\n  recurrent: {}"), digest("\n  recurrent: {hidden: 64}")}) == 3
    assert digest("\n  recurrent: {hidden: 128}") == digest("\n  recurrent: {}\n  workers: 3")


def test_who_is_told_what_is_part_of_what_a_run_is(tmp_path: Path) -> None:
    def digest(train: str) -> str:
        return load_recipe(write(tmp_path, "algorithm: sac", f"algorithm: ppo{train}"))[0].digest()

    plain = digest("")
    assert digest("\n  privileged_critic: false\n  teacher_student:") == plain
    told = ["\n  privileged_critic: true", "\n  teacher_student: {}", "\n  teacher_student: {latent: 4}"]
    assert len({plain, *map(digest, told)}) == 4


def test_a_student_s_steps_are_counted(tmp_path: Path) -> None:
    train = "ppo\n  teacher_student: {student_steps: 4000}\n"
    assert load_recipe(write(tmp_path, "sac\n", train))[0].train.total_steps == 4100
    assert load_recipe(write(tmp_path))[0].train.total_steps == 100


def test_runs_from_before_there_was_a_switch_can_go_on() -> None:
    """As the file said it then, the hash of a recipe that has none is still the same."""
    recipe, _ = load_recipe("hopper-run")
    data = json.loads(recipe.model_dump_json(exclude={"train": {"workers"}}))
    for switch in SWITCHES:
        del data["train"][switch]
    domains = [find_domain(name).read_text() for name in (recipe.source, *recipe.evaluate_in)]
    text = "\n".join([json.dumps(data, separators=(",", ":"), ensure_ascii=False), *domains])
    assert recipe.digest() == hashlib.sha256(text.encode()).hexdigest()


def test_where_environments_run_is_no_part_of_what_a_run_is(tmp_path: Path) -> None:
    path = write(tmp_path)
    digests = set()
    for workers, expected in ((None, 2), ("1", 1), ("ray", "ray"), ("ray:3", "ray:3")):
        recipe, _ = load_recipe(path, workers=workers)
        assert recipe.train.workers == expected
        digests.add(recipe.digest())
    assert len(digests) == 1


@pytest.mark.parametrize("workers", ["0", "-1", "many", "ray:0", "ray:x", "1.5", ""])
def test_other_workers_are_refused(tmp_path: Path, workers: str) -> None:
    with pytest.raises(TerrafirmaError, match=f"--workers '{workers}': give a number"):
        load_recipe(write(tmp_path), workers=workers)


@pytest.mark.parametrize("workers", ["5", "ray:5", "99999"])
def test_workers_that_would_have_nothing_to_do_are_refused(tmp_path: Path, workers: str) -> None:
    with pytest.raises(TerrafirmaError, match=rf"--workers {workers}: there are 4 environments"):
        load_recipe(write(tmp_path), workers=workers)
    assert load_recipe(write(tmp_path), workers="4")[0].train.workers == 4


def test_an_unknown_recipe_brings_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown recipe .*'a1-velocty'\. Did you mean 'a1-velocity'"):
        load_recipe("a1-velocty")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("robot: iiwa", "robot: iwa", "unknown robot 'iwa'"),
        ("task: reach", "task: velocity", "needs a robot with a gait"),
        ("source: nominal", "source: nominl", "unknown domain"),
        ("source: nominal", "source: legged-randomized", "needs a floating base"),
        ("", "target: nowhere\n", "unknown domain"),
        ("", "evaluate_in: [nominal, nowhere]\n", "unknown domain"),
        ("", "oracle: nobody\n", "unknown policy"),
    ],
)
def test_names_are_checked_before_anything_is_made(
    terrafirma: Run, tmp_path: Path, old: str, new: str, message: str
) -> None:
    recipe = write(tmp_path, old, new)
    for command in ("train", "run"):
        assert message in terrafirma(command, recipe, "--out", tmp_path / "run").error
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


def open_run(folder: Path, recipe: Path, seed: int | None = None) -> RunDirectory:
    return RunDirectory(folder, *load_recipe(recipe, seed))


def test_a_run_directory_records_what_was_asked_for(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", write(tmp_path), seed=3)
    record = json.loads((run.path / "run.json").read_text())
    assert (record["recipe"], record["seed"]) == ("small", 3)
    assert record["recipe_hash"] == run.recipe.digest() == run.identity().recipe_hash
    assert record["versions"]["torch"]
    assert (run.path / "recipe.yaml").read_text() == RECIPE
    with run.stage("train"):
        pass
    with pytest.raises(RuntimeError), run.stage("darc"):
        raise RuntimeError
    again = open_run(tmp_path / "run", tmp_path / "small.yaml", seed=3)
    assert again.seconds("train") > 0.0
    assert again.seconds("darc") == 0.0  # it has not been done
    assert again.identity("darc", "f" * 64).parent == "f" * 64


def test_a_run_directory_of_another_recipe_or_seed_is_refused(terrafirma: Run, tmp_path: Path) -> None:
    open_run(tmp_path / "run", write(tmp_path))
    before = (tmp_path / "run" / "run.json").read_bytes()
    other = write(tmp_path, "steps: 100", "steps: 200")
    error = terrafirma("train", other, "--out", tmp_path / "run").error
    assert "holds a run of another recipe or seed ('small', seed 0)" in error
    assert (
        "another recipe or seed"
        in terrafirma("train", write(tmp_path), "--seed", 1, "--out", tmp_path / "run").error
    )
    assert (tmp_path / "run" / "run.json").read_bytes() == before


@pytest.mark.parametrize("record", ["{", "[1, 2]", "3", '{"recipe": "small"}'])
def test_a_damaged_record_is_refused(tmp_path: Path, record: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(record)
    with pytest.raises(TerrafirmaError, match=r"run\.json: (damaged|not the record of a run)"):
        open_run(tmp_path / "run", write(tmp_path))


@pytest.mark.parametrize("record", ["{", "[1, 2]", '{"seed": "x"}', "{}"])
def test_adapting_a_damaged_run_is_refused(terrafirma: Run, tmp_path: Path, record: str) -> None:
    run = open_run(tmp_path / "run", write(tmp_path))
    (run.path / "run.json").write_text(record)
    assert "run.json" in terrafirma("adapt", run.path, "--samples", tmp_path).error


def test_a_folder_with_other_things_in_it_is_left_alone(terrafirma: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    recipe = write(tmp_path)
    assert "is not empty and holds no run" in terrafirma("train", recipe, "--out", tmp_path / "home").error
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.tex"]


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_resuming_what_never_began_is_refused_and_leaves_nothing(terrafirma: Run, tmp_path: Path) -> None:
    result = terrafirma("train", str(write(tmp_path)), "--resume", "--out", str(tmp_path / "run"))
    assert result.code == 2
    assert "holds no checkpoint to go on from" in result.error
    assert not (tmp_path / "run").exists()
