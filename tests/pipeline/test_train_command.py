"""`train` and `adapt` from their first step to the report, on a recipe of a few seconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline import run_report
from pipeline.cli import main
from pipeline.recipe import load_recipe
from pipeline.run_directory import RunDirectory
from policies.runtime import Policy
from sim.domains.reader import load_domain

RECIPE = """\
name: moment
description: Too short to learn anything, long enough to run everything.
robot: iiwa
task: reach
source: nominal
evaluate_in: [iiwa-broken-joint]
train:
  {train}
  steps: 128
  environments: 2
  workers: 1
  hidden: [16, 16]
fine_tune:
  updates: 20
darc:
  steps: 40
  warm_up_updates: 16
  classifier_batch: 32
evaluate:
  episodes: 2
"""
SAC = "algorithm: sac\n  batch_size: 32\n  learning_starts: 40\n  buffer_size: 1000"

Run = Callable[..., Any]


@dataclass(frozen=True)
class Trained:
    recipe: Path
    run: Path


@pytest.fixture(scope="module", autouse=True)
def short_films() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_report, "FILM_SECONDS", 0.5)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run directory that `terrafirma train` made."""
    folder = tmp_path_factory.mktemp("train")
    recipe = folder / "moment.yaml"
    recipe.write_text(RECIPE.format(train=SAC))
    assert main(["train", str(recipe), "--out", str(folder / "run")]) == 0
    return Trained(recipe, folder / "run")


def test_a_run_directory_is_complete(trained: Trained) -> None:
    names = {path.name for path in trained.run.iterdir()}
    assert names == {"recipe.yaml", "run.json", "source", "summary.json", "report.html"}
    rows = json.loads((trained.run / "summary.json").read_text())
    assert [(row["method"], row["domain"]) for row in rows] == [
        ("source", "nominal"),
        ("source", "iiwa-broken-joint"),
    ]
    keys = (
        "return_mean",
        "return_ci95",
        "success_rate",
        "success_ci95",
        "episodes",
        "target_steps",
        "seconds",
    )
    for row in rows:
        assert set(row) >= set(keys)
        assert row["return_ci95"][0] <= row["return_mean"] <= row["return_ci95"][1]
        assert row["seconds"] > 0.0
    page = (trained.run / "report.html").read_text()
    assert "moment" in page
    assert page.count("data:image/webp;base64,") == 2  # one film a domain
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_its_policy_passes_check_and_names_its_recipe(trained: Trained, terrafirma: Run) -> None:
    policy = trained.run / "source" / "policy.onnx"
    facts = json.loads(terrafirma("check", policy, "--json").out)
    assert (facts["policy"], facts["method"], facts["parent"]) == ("moment", "train", None)
    record = json.loads((trained.run / "run.json").read_text())
    assert Policy(policy).contract.identity.recipe_hash == record["recipe_hash"]


def test_training_again_keeps_the_policy_that_is_there(trained: Trained, terrafirma: Run) -> None:
    policy = trained.run / "source" / "policy.onnx"
    before = policy.read_bytes()
    outcome = terrafirma("train", trained.recipe, "--out", trained.run)
    assert outcome.code == 0
    assert policy.read_bytes() == before
    assert "iiwa-broken-joint" in outcome.out


def test_a_report_written_anew_shows_the_run_s_evaluations(trained: Trained, terrafirma: Run) -> None:
    report = trained.run / "report.html"
    assert "Robustness and transfer" not in report.read_text()
    policy = trained.run / "source" / "policy.onnx"
    evaluated = terrafirma("evaluate", policy, "--sweep", "gravity=9:10:2", "--episodes", 1, "--json")
    assert {row["trained"] for row in json.loads(evaluated.out)} == {"never randomized"}  # in "nominal"
    assert terrafirma("train", trained.recipe, "--out", trained.run).code == 0
    page = report.read_text()
    assert "Robustness and transfer" in page
    assert "run/source in nominal, over gravity. 1 episode a value" in page
    assert page.count("data:image/png;base64,") == 1


@pytest.mark.parametrize("method", ["fine-tune", "darc"])
def test_adapting_to_a_bag_gives_a_policy_with_its_lineage(
    trained: Trained, terrafirma: Run, record: Run, tmp_path: Path, method: str
) -> None:
    source = Policy(trained.run / "source" / "policy.onnx")
    record(tmp_path / "bag", source, ticks=150)
    arguments = ("adapt", trained.run, "--samples", tmp_path / "bag", "--method", method)
    outcome = terrafirma(*arguments, "--out", tmp_path / "adapted")
    assert outcome.code == 0, outcome.err
    adapted = Policy(Path(outcome.out.strip()))
    assert adapted.path == tmp_path / "adapted" / "policy.onnx"
    identity = adapted.contract.identity
    assert (identity.parent, identity.method) == (source.sha256, method)
    assert adapted.sha256 != source.sha256
    before = adapted.path.read_bytes()
    assert "holds an adapted policy already" in terrafirma(*arguments, "--out", tmp_path / "adapted").error
    assert adapted.path.read_bytes() == before


def test_adapting_with_an_unknown_method_is_refused(
    trained: Trained, terrafirma: Run, tmp_path: Path
) -> None:
    outcome = terrafirma("adapt", trained.run, "--samples", tmp_path, "--method", "dark")
    assert "unknown adaptation method 'dark'. Did you mean 'darc'?" in outcome.error


def test_adapting_to_what_is_no_bag_is_refused(trained: Trained, terrafirma: Run, tmp_path: Path) -> None:
    before = sorted(trained.run.rglob("*"))
    assert "nobag" in terrafirma("adapt", trained.run, "--samples", tmp_path / "nobag").error
    assert sorted(trained.run.rglob("*")) == before


def test_ppo_cannot_be_adapted_and_says_so(
    terrafirma: Run, record: Run, policy: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "moment.yaml"
    recipe.write_text(RECIPE.format(train="algorithm: ppo"))
    run = RunDirectory(tmp_path / "run", *load_recipe(recipe))
    assert "has no trained policy yet" in terrafirma("adapt", run.path, "--samples", tmp_path).error
    (run.path / "source").mkdir()
    (run.path / "source" / "policy.onnx").write_bytes(policy.read_bytes())
    error = terrafirma("adapt", run.path, "--samples", tmp_path).error
    assert "darc adapts policies trained with sac; moment uses ppo" in error


def test_a_recurrent_policy_is_trained_judged_filmed_and_not_adapted(
    terrafirma: Run, record: Run, tmp_path: Path
) -> None:
    recipe, run = tmp_path / "moment.yaml", tmp_path / "run"
    recipe.write_text(RECIPE.format(train="algorithm: ppo\n  rollout_steps: 32\n  recurrent: {hidden: 8}"))
    assert terrafirma("train", recipe, "--out", run).code == 0
    policy = run / "source" / "policy.onnx"
    assert json.loads(terrafirma("check", policy, "--json").out)["recurrent_state"] == {"state": [1, 16]}
    rows = json.loads((run / "summary.json").read_text())
    assert [row["domain"] for row in rows] == ["nominal", "iiwa-broken-joint"]
    judged = json.loads(terrafirma("evaluate", policy, "--episodes", "2", "--json").out)
    assert judged["return_mean"] == rows[0]["return_mean"]
    for method in ("darc", "fine-tune"):
        error = terrafirma("adapt", run, "--samples", tmp_path, "--method", method).error
        assert f"{method} goes on training actors that see one transition at a time" in error
        assert "moment trained a recurrent one" in error
    assert not (run / "darc").exists()


VARIED = "engine: pybullet\nparameters: {joint_damping: {uniform: [0, 1]}}\n"
TAUGHT = "teacher_student: {latent: 2, history: 4, student_steps: 256}"


def test_a_student_is_trained_judged_filmed_and_not_adapted(terrafirma: Run, tmp_path: Path) -> None:
    recipe, run, domain = (tmp_path / name for name in ("moment.yaml", "run", "varied.yaml"))
    domain.write_text(VARIED)
    text = RECIPE.format(train=f"algorithm: ppo\n  rollout_steps: 32\n  {TAUGHT}")
    recipe.write_text(text.replace("source: nominal", f"source: {domain}"))
    trained = terrafirma("train", recipe, "--out", run)
    assert trained.code == 0, trained.err
    policy = run / "source" / "policy.onnx"
    facts = json.loads(terrafirma("check", policy, "--json").out)
    assert facts["recurrent_state"] == {"history": [1, 4, sum(facts["observation"].values())]}
    rows = json.loads((run / "summary.json").read_text())
    assert [row["domain"] for row in rows] == ["varied", "iiwa-broken-joint"]
    judged = json.loads(terrafirma("evaluate", policy, "--domain", domain, "--episodes", "2", "--json").out)
    assert judged["return_mean"] == rows[0]["return_mean"]
    lines = [json.loads(line) for line in (run / "source" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["steps"] == 384
    assert [line["steps"] for line in lines if "latent_error" in line][-1] == 384
    assert "latent_error" in (run / "report.html").read_text()
    error = terrafirma("adapt", run, "--samples", tmp_path, "--method", "darc").error
    assert "darc goes on training actors that see one transition at a time" in error


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ("teacher_student: {}", "teacher_student: {source} varies nothing and the base of iiwa is fixed"),
        (
            "privileged_critic: true",
            "privileged_critic: {source} varies nothing and the base of iiwa is fixed",
        ),
        ("recurrent: {}\n  " + TAUGHT, "recurrent and teacher_student do not go together"),
    ],
)
def test_switches_that_do_not_fit_are_refused(
    terrafirma: Run, tmp_path: Path, train: str, message: str
) -> None:
    recipe, run = tmp_path / "moment.yaml", tmp_path / "run"
    recipe.write_text(RECIPE.format(train=f"algorithm: ppo\n  {train}"))
    outcome = terrafirma("train", recipe, "--out", run)
    assert outcome.code == 2
    assert message.format(source=load_domain("nominal").source) in outcome.error
    assert not run.exists()
