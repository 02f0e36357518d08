"""The off-dynamics bench plays what is missing, keeps it, and compares with RL on the target."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from adaptation.stacked.methods import METHODS
from contract.errors import TerrafirmaError, UnknownNameError
from pipeline.benches import offdynamics
from pipeline.off_dynamics import study
from pipeline.off_dynamics.documentation import _rounded as rounded
from pipeline.off_dynamics.documentation import picture, sections
from pipeline.off_dynamics.plans import find_pair, plan
from pipeline.off_dynamics.play import play
from pipeline.off_dynamics.results import Run, append_runs, read_runs
from pipeline.off_dynamics.scores import scores
from pipeline.pictures.canvas import description
from sim.markdown import rewrite

STEPS = 1_040  # of which 1,000 are random


@pytest.fixture(autouse=True)
def own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(study, "STATES", tmp_path / "runs")
    return tmp_path


def silent(done: int, metrics: dict[str, float]) -> None: ...


def bench(results: Path, **options: Any) -> list[Any]:
    rows, _ = offdynamics.run(silent, pair="broken-reacher", steps=STEPS, results=results, **options)
    return rows


def test_methods_are_played_once_and_compared(own_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = own_runs / "rows.jsonl"
    rows = bench(results, methods=("target", "darc"), seeds=(0, 1))
    assert [row.metric for row in rows] == ["broken-reacher, RL on the target", "broken-reacher, DARC"]
    random, *runs = read_runs(results)
    assert (random.method, random.steps) == ("random", 0)
    assert sorted((run.method, run.seed) for run in runs) == [
        (m, s) for m in ("darc", "target") for s in (0, 1)
    ]
    for run in runs:
        assert run.at[-1] == run.steps == STEPS
        assert len(run.at) == len(run.returns)
        assert run.target_steps == (STEPS if run.method == "target" else 1_004)
    darc = [run.final for run in runs if run.method == "darc"]
    assert rows[1].value == pytest.approx(sum(darc) / 2)
    assert rows[1].reference == pytest.approx(rows[0].value)
    (nothing,) = random.returns
    assert rows[1].ratio == pytest.approx((rows[1].value - nothing) / (rows[0].value - nothing))
    monkeypatch.setattr(study, "play", lambda *_: pytest.fail("played again"))
    assert bench(results, methods=("target", "darc"), seeds=(0, 1)) == rows


def test_only_the_missing_seed_is_played(own_runs: Path) -> None:
    results = own_runs / "rows.jsonl"
    bench(results, methods=("source",), seeds=(0,))
    _, first = read_runs(results)
    bench(results, methods=("source",), seeds=(0, 1))
    _, again, second = read_runs(results)
    assert again == first
    assert second.seed == 1


def test_an_interrupted_run_goes_on(own_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = plan(find_pair("broken-reacher", None, None), "darc", (0, 1), STEPS)
    done: list[int] = []

    def interrupt(steps: int, metrics: dict[str, float]) -> None:
        done.append(steps)
        if len(done) == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(wanted, own_runs, interrupt)
    runs = play(wanted, own_runs, lambda steps, _: done.append(steps))
    assert done == sorted(set(done))  # no evaluation twice
    assert runs[0].at == done
    assert runs[0].target_steps == 1_004


def test_other_settings_are_another_run() -> None:
    pair = find_pair("broken-reacher", None, None)
    plain = plan(pair, "darc", (0,), STEPS)
    assert plan(pair, "darc", (1,), STEPS).digest == plain.digest
    assert plan(pair, "darc", (0,), STEPS + 20).digest != plain.digest
    noisy = METHODS["darc"]
    quiet = replace(noisy, config=METHODS["darc-no-noise"].config)
    assert quiet.title == noisy.title
    assert quiet.settings() != noisy.settings()
    renamed = replace(noisy, title="something else")
    assert renamed.settings() == noisy.settings()


def test_any_two_registered_environments_make_a_pair() -> None:
    pair = find_pair(None, "terrafirma/reacher7-reach-v0", "terrafirma/reacher7-reach-v0")
    env = pair.source()
    assert env.action_space.shape == (7,)
    env.close()


@pytest.mark.parametrize(
    ("name", "source", "target"),
    [(None, None, None), ("broken-reacher", "Hopper-v5", "Hopper-v5"), (None, "Hopper-v5", None)],
)
def test_a_pair_is_named_or_made_of_two(name: str | None, source: str | None, target: str | None) -> None:
    with pytest.raises(TerrafirmaError, match="--pair"):
        find_pair(name, source, target)


def test_environments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TerrafirmaError, match=r"\(11,\).*\(17,\)"):
        find_pair(None, "Hopper-v5", "HalfCheetah-v5")


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(TerrafirmaError, match="Did you mean: `HalfCheetah`"):
        find_pair(None, "HalfCheeta-v5", "HalfCheetah-v5")


def test_environments_without_rows_of_numbers_are_refused() -> None:
    with pytest.raises(TerrafirmaError, match=r"Discrete\(2\)"):
        find_pair(None, "CartPole-v1", "CartPole-v1")


@pytest.mark.parametrize(
    ("seeds", "steps", "message"),
    [
        ((), None, "--seeds"),
        ((-1,), None, "-1"),
        ((1, 1), None, "1, 1"),
        ((0,), 1_000, "1000"),
        ((0,), 0, "0"),
    ],
)
def test_seeds_and_steps_that_make_no_sense_are_refused(
    seeds: tuple[int, ...], steps: int | None, message: str
) -> None:
    with pytest.raises(TerrafirmaError, match=message):
        plan(find_pair("broken-reacher", None, None), "darc", seeds, steps)


def test_an_unknown_method_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'darc'"):
        plan(find_pair("broken-reacher", None, None), "drac", (0,), None)


def row(**changes: Any) -> Run:
    run = Run("p", "darc", 0, "d", 10, 1, [5, 10], [1.0, 2.0], {}, 1.0, 1, "c")
    return replace(run, **changes)


def test_a_torn_line_is_left_out_and_does_not_harm_the_next(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    append_runs(path, [row()])
    path.write_text(path.read_text() + json.dumps({"pair": "p"})[:7])
    append_runs(path, [row(seed=1)])
    assert read_runs(path) == [row(), row(seed=1)]


def test_the_final_return_is_that_of_the_last_three() -> None:
    assert row(returns=[100.0, 1.0, 2.0, 6.0]).final == 3.0
    assert row(returns=[4.0]).final == 4.0


PAGE = Path(__file__).parents[2] / "docs" / "off-dynamics.md"


def test_the_page_is_that_of_the_committed_results() -> None:
    runs = read_runs(PAGE.parents[1] / study.RESULTS)
    assert runs
    text = PAGE.read_text()
    assert rewrite(text, sections(runs), "the page") == text


def test_scores_are_between_a_random_policy_and_rl_on_the_target() -> None:
    runs = [
        row(method="random", digest="random", returns=[-50.0]),
        *(row(method="target", seed=s, returns=[r]) for s, r in enumerate((140.0, 160.0))),
        *(row(method="darc", seed=s, returns=[r]) for s, r in enumerate((90.0, 110.0))),
    ]
    target, darc = scores(runs)
    assert (target.share, darc.share) == (1.0, 0.75)
    assert (darc.seeds, darc.mean) == (2, 100.0)
    assert darc.low == pytest.approx(100.0 - 12.706 * 10.0)
    (alone,) = scores([row(method="darc", returns=[1.0])])
    assert np.isnan(alone.share)
    nothing = [row(method=method, returns=[9.0]) for method in ("random", "target")]
    upside_down = [*nothing, row(returns=[1.0])]
    assert all(np.isnan(score.share) for score in scores(upside_down))


def test_a_picture_has_a_panel_for_each_method(tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    picture("p", [row(method="target"), row(method="darc", returns=[-3.0, 7.0])], path)
    assert "return on the target" in description(path)
    with Image.open(path) as image:
        assert image.width > 500


@pytest.mark.parametrize(("low", "high"), [(-24.0, -5.0), (-300.0, 4_321.0), (0.0, 1.0), (95.0, 96.0)])
def test_a_scale_holds_what_it_shows_in_four_round_steps(low: float, high: float) -> None:
    bottom, top = rounded(low, high)
    assert bottom <= low
    assert top >= high
    assert top - bottom <= 3.0 * (high - low)
    step = (top - bottom) / 4.0
    assert round(step / 10 ** np.floor(np.log10(step)), 6) in (1.0, 2.0, 2.5, 5.0)
