"""Studies of hidden robots hide what they draw, and their pages say what their rows say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import adapt_to_draws, identify_a1, identify_arm, live_fine_tuning
from sim.markdown import rewrite

ROOT = Path(__file__).parents[2]
RESULTS, DOCS = ROOT / "benchmarks" / "results", ROOT / "docs"


def test_arms_are_others_than_those_that_the_search_was_made_with() -> None:
    rows = adapt_to_draws.read_rows(RESULTS / "adapt-iiwa.jsonl")
    assert len(rows) == 10
    known = [identify_arm.hidden(draw) for draw in range(10)]
    for row in rows:
        assert row.hidden == identify_arm.hidden(row.draw)
        assert row.hidden not in known
        assert row.seconds <= 60.0
    text = (DOCS / "system-identification.md").read_text()
    assert rewrite(text, adapt_to_draws.page_sections(rows), "the page") == text


def test_what_an_adaptation_is_held_against() -> None:
    hidden = dict.fromkeys(identify_arm.PRIOR, 1.0)
    rows = [
        adapt_to_draws.Row(10, 12.0, 5, "", hidden, hidden | {"joint_strength": 1.1}, *returns, 1.0)
        for returns in ((9.0, 5.0, 9.5, 10.0), (5.0, 9.1, 8.9, 10.0), (5.0, 5.0, 9.0, 10.0))
    ]
    said = adapt_to_draws.summary(rows)
    assert "On 2 of 3 draws" in said
    assert "without adaptation 1 have as much" in said
    assert "in the source 1." in said
    assert "strength is off by 10.0%" in said


def test_quadrupeds() -> None:
    rows = identify_a1.read_rows(RESULTS / "identify-a1.jsonl")
    assert len(rows) == 10
    for row in rows:
        assert row.hidden == identify_a1.hidden(row.draw)
        assert row.seconds <= 60.0
        for name, (low, high) in identify_a1.PRIOR.items():
            assert low < row.hidden[name] < high
    text = (DOCS / "system-identification.md").read_text()
    assert rewrite(text, identify_a1.page_sections(rows), "the page") == text


def test_the_worst_quadruped_is_the_worst() -> None:
    hidden = dict.fromkeys(identify_a1.HIDDEN, 1.0)
    deviations = dict.fromkeys(hidden, 0.04)
    found = hidden | {"joint_strength": 0.95, identify_a1.PAYLOAD: 1.2, "action_latency": 1.002}
    rows = [identify_a1.Row(0, 28.0, "", hidden, each, deviations, 1.0) for each in (hidden, found)]
    said = identify_a1.worst(rows)
    assert "strength is off by 5.0%, payload by 20% or 0.20 kg, latency by 2.0 ms" in said
    assert "lie 7 of 8" in said


def test_the_five_minutes() -> None:
    report = json.loads((RESULTS / "live-fine-tuning.json").read_text())
    stretches = [live_fine_tuning.Stretch(**each) for each in report["stretches"]]
    text = (DOCS / "live-fine-tuning.md").read_text()
    assert rewrite(text, {"stretches": live_fine_tuning.table(stretches)}, "the page") == text
    healthy, weakened, successor = (stretch.reward for stretch in stretches)
    assert weakened < 0.7 * healthy
    assert successor > 0.85 * healthy
    assert report["missed_ticks"] == 0
    assert stretches[-1].end == pytest.approx(300.0, abs=10.0)
