"""Curves and matrices: right figures, the same with any number of workers, nothing measured twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.evaluation.store import MEASURED
from pipeline.pictures.canvas import description
from policies.evaluation import evaluate
from policies.runtime import Policy
from sim.domains.reader import load_domain, parse_domain

Run = Callable[..., Any]

ARM = "iiwa-reach-broken-joint-oracle"
SWEEP = "tool_mass_offset=0:3:3"
SMALL = ("--episodes", 2, "--seed", 3)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def figures(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without what may differ between two measurements of the same."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def the_one(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def test_a_sweep_has_the_figures_of_domain_files_with_its_values(terrafirma: Run, tmp_path: Path) -> None:
    outcome = terrafirma(
        "evaluate", ARM, "--sweep", SWEEP, "--trained-in", "nominal", *SMALL, "--out", tmp_path, "--json"
    )
    assert outcome.code == 0
    rows = json.loads(outcome.out)
    assert [row["value"] for row in rows] == [0.0, 1.5, 3.0]
    assert {(row["parameter"], row["unit"], row["trained"]) for row in rows} == {
        ("tool_mass_offset", "kg", "never randomized")
    }
    policy = Policy(Path(rows[0]["policy"]))
    for row in rows:
        text = f"{{engine: pybullet, parameters: {{tool_mass_offset: {row['value']}}}}}"
        direct = evaluate(policy, parse_domain(text, "d"), 2, seed=3)
        assert row["return_mean"] == direct.return_mean
        assert row["metrics_ci95"] == {name: list(ci) for name, ci in direct.metrics_ci95.items()}
    assert len({row["return_mean"] for row in rows}) == 3
    assert lines(the_one(tmp_path, "sweep-*.jsonl")) == rows
    picture = the_one(tmp_path, "sweep-*.png")
    assert f"{ARM} in nominal, over tool_mass_offset. 2 episodes a value" in description(picture)
    assert "its one value in training (nominal), 0 kg" in description(picture)


def test_the_training_range_is_marked_and_shaded(terrafirma: Run, tmp_path: Path) -> None:
    outcome = terrafirma(
        *("evaluate", "a1-velocity", "--sweep", "base_mass_offset=-2:6:3"),
        *("--sweep", "gravity=9.81:12:2", "--trained-in", "legged-randomized"),
        *("--episodes", 1, "--out", tmp_path, "--json"),
    )
    rows = json.loads(outcome.out)
    assert [(row["parameter"], row["trained"]) for row in rows] == [
        *(("base_mass_offset", mark) for mark in ("outside", "inside", "outside")),
        *(("gravity", "never randomized") for _ in range(2)),
    ]
    assert rows[0]["trained_in"].endswith("legged-randomized.yaml")
    assert rows[0]["trained_range"] == [-0.5, 2.5]
    pictures = {path.stem.split("-")[-1]: Image.open(path).convert("RGB") for path in tmp_path.glob("*.png")}
    shaded = (0xDF, 0xF0, 0xE2)
    assert {name for name, image in pictures.items() if shaded in dict(colours(image))} == {
        "base_mass_offset"
    }


def colours(image: Image.Image) -> list[tuple[tuple[int, ...], int]]:
    found = image.getcolors(image.width * image.height)
    assert found is not None
    return [(colour, count) for count, colour in found]  # type: ignore[misc]


def test_a_matrix_is_the_same_with_any_number_of_workers(
    terrafirma: Run, policy: Path, tmp_path: Path
) -> None:
    def matrix(workers: int) -> list[dict[str, Any]]:
        outcome = terrafirma(
            *("evaluate", "--matrix", ARM, policy, "--domains", "nominal", "iiwa-broken-joint"),
            *(*SMALL, "--workers", workers, "--out", tmp_path / str(workers), "--json"),
        )
        assert outcome.code == 0
        return json.loads(outcome.out)  # type: ignore[no-any-return]

    rows = matrix(1)
    assert [(row["policy_name"], row["domain_name"]) for row in rows] == [
        *((ARM, domain) for domain in ("nominal", "iiwa-broken-joint")),
        *(("arm", domain) for domain in ("nominal", "iiwa-broken-joint")),
    ]
    direct = evaluate(Policy(policy), load_domain("iiwa-broken-joint"), 2, seed=3)
    assert rows[3]["return_mean"] == direct.return_mean
    assert figures(rows) == figures(matrix(2))
    assert lines(tmp_path / "1" / "matrix.jsonl") == rows
    assert Image.open(tmp_path / "2" / "matrix.png").width > 500


def test_nothing_is_measured_twice_unless_asked(terrafirma: Run, tmp_path: Path) -> None:
    command = ("evaluate", ARM, "--sweep", SWEEP, *SMALL, "--out", tmp_path, "--json")
    first = json.loads(terrafirma(*command).out)
    measured = tmp_path / MEASURED
    assert len(lines(measured)) == 3
    again = terrafirma(*command)
    assert json.loads(again.out) == first  # seconds too: these are the same measurements
    assert "3 of 3 measured before" in again.err
    assert len(lines(measured)) == 3
    assert figures(json.loads(terrafirma(*command, "--fresh").out)) == figures(first)
    assert len(lines(measured)) == 6


def test_an_interrupted_sweep_goes_on_where_it_stopped(terrafirma: Run, tmp_path: Path) -> None:
    command = ("evaluate", ARM, "--sweep", SWEEP, *SMALL, "--out", tmp_path, "--json")
    first = json.loads(terrafirma(*command).out)
    measured = tmp_path / MEASURED
    whole = measured.read_text()
    measured.write_text(whole[: whole.index("\n") + 100])  # one line, and the beginning of another
    again = terrafirma(*command)
    assert "1 of 3 measured before" in again.err
    assert figures(json.loads(again.out)) == figures(first)
    assert "3 of 3 measured before" in terrafirma(*command).err


@pytest.mark.parametrize("changed", [("--episodes", 1), ("--seed", 4), ("--domain", "iiwa-broken-joint")])
def test_other_episodes_are_other_measurements(
    terrafirma: Run, tmp_path: Path, changed: tuple[str, object]
) -> None:
    options = {"--episodes": 2, "--seed": 3, "--domain": "nominal"}
    for chosen in (options, options | dict([changed])):
        flat = [item for pair in chosen.items() for item in pair]
        terrafirma("evaluate", ARM, "--sweep", "tool_mass_offset=0:1:2", *flat, "--out", tmp_path)
    assert len(lines(tmp_path / MEASURED)) == 4


def test_tables_say_where_training_was(terrafirma: Run, tmp_path: Path) -> None:
    out = terrafirma(
        "evaluate", ARM, "--sweep", SWEEP, "--trained-in", "nominal", *SMALL, "--out", tmp_path
    ).out
    for word in ("tool_mass_offset (kg)", "never randomized", "success_rate", "fall_rate", "distance"):
        assert word in out
    out = terrafirma("evaluate", "--matrix", ARM, "--domains", "nominal", *SMALL, "--out", tmp_path).out
    for word in (ARM, "nominal", "success rate", "fall rate", "mean return"):
        assert word in out


REFUSED = {
    "unknown parameter": (
        ["{arm}", "--sweep", "tool_mas=0:1:3"],
        "unknown domain parameter 'tool_mas'. Did you mean 'tool_mass_offset'?",
    ),
    "unit in a value": (["{arm}", "--sweep", "tool_mass_offset=0:1kg:3"], "a finite number in kg, got '1kg'"),
    "range": (["{arm}", "--sweep", "tool_mass_offset=0:99:3"], "leaves the valid range [-5, 20] kg"),
    "not for an arm": (["{arm}", "--sweep", "base_mass_offset=0:1:3"], "which iiwa lacks"),
    "second sweep": (["{arm}", "--sweep", "gravity=8:9:2", "--sweep", "gravty=1:2:3"], "unknown domain"),
    "swept twice": (["{arm}", "--sweep", "gravity=8:9:2", "--sweep", "gravity=1:2:3"], "is swept twice"),
    "unknown training": (["{arm}", "--sweep", "gravity=8:9:2", "--trained-in", "nominl"], "'nominal'"),
    "another robot": (
        ["--matrix", "{arm}", "a1-velocity", "--domains", "nominal"],
        "is for a1 and task 'velocity'; a matrix compares policies of one robot and task",
    ),
    "domain of another robot": (
        ["--matrix", "{arm}", "--domains", "nominal", "legged-randomized"],
        "needs a floating base, which iiwa lacks",
    ),
    "no columns": (["--matrix", "{arm}"], "--matrix needs --domains"),
    "domain for a matrix": (["--matrix", "{arm}", "--domain", "x", "--domains", "nominal"], "--domains"),
    "rows without a matrix": (["{arm}", "a1-velocity"], "'a1-velocity': several policies need --matrix"),
    "columns without a matrix": (["{arm}", "--domains", "nominal"], "--domains is for --matrix"),
    "both": (["--matrix", "{arm}", "--domains", "nominal", "--sweep", "gravity=8:9:2"], "two commands"),
    "training without a sweep": (["{arm}", "--trained-in", "nominal"], "--trained-in is for --sweep"),
    "folder without a sweep": (["{arm}", "--out", "x"], "--out and --fresh are for --sweep and --matrix"),
    "no workers": (["{arm}", "--sweep", "gravity=8:9:2", "--workers", "0"], "--workers 0: must be at least"),
    "a file as folder": (["{arm}", "--sweep", "gravity=8:9:2", "--out", "file"], "is a file; give a folder"),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_wrong_request_is_refused_and_leaves_nothing(
    terrafirma: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    arguments, expected = REFUSED[mistake]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    outcome = terrafirma("evaluate", *(text.format(arm=ARM) for text in arguments), "--episodes", 1)
    assert expected in outcome.err
    assert outcome.err.rstrip().splitlines()[-1].startswith("error: ")
    assert (outcome.code, outcome.out) == (2, "")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_default_place_is_under_runs(
    terrafirma: Run, policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    terrafirma("evaluate", policy, "--sweep", "gravity=8:9:2", "--episodes", 1)
    terrafirma("evaluate", "--matrix", policy, "--domains", "nominal", "--episodes", 1)
    names = {path.name for path in (tmp_path / "runs" / "evaluate-arm").iterdir()}
    assert names == {MEASURED, "sweep-arm-nominal-gravity.jsonl", "sweep-arm-nominal-gravity.png"}
    assert {path.name for path in (tmp_path / "runs" / "evaluate-iiwa-reach").iterdir()} == {
        *(MEASURED, "matrix.jsonl", "matrix.png")
    }
