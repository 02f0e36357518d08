"""The study of hidden draws hides what it draws, and its page says what its rows say."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from sim.markdown import rewrite

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def study() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("identify_arm", ROOT / "benchmarks" / "identify_arm.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["identify_arm"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["identify_arm"]


def test_draws_are_within_the_prior_and_differ(study: ModuleType) -> None:
    draws = [study.hidden(i) for i in range(10)]
    for name, (low, high) in study.PRIOR.items():
        values = [draw[name] for draw in draws]
        assert low <= min(values) < max(values) <= high
    assert study.hidden(3) == study.hidden(3) != study.hidden(4)


def test_the_page_is_that_of_the_committed_rows(study: ModuleType) -> None:
    rows = study.read_rows(ROOT / "benchmarks" / "results" / "identify-arm.jsonl")
    assert len(rows) == 10
    assert all(row.hidden == study.hidden(row.draw) for row in rows)
    text = (ROOT / "docs" / "system-identification.md").read_text()
    assert rewrite(text, study.page_sections(rows), "the page") == text


def test_the_worst_is_the_worst(study: ModuleType) -> None:
    true = {"joint_strength": 1.0, "joint_friction": 1.0, "tool_mass_offset": 2.0, "action_latency": 0.01}
    off = {"joint_strength": 0.9, "joint_friction": 1.25, "tool_mass_offset": 2.2, "action_latency": 0.008}
    deviations = {
        "joint_strength": 0.06,
        "joint_friction": 0.1,
        "tool_mass_offset": 0.01,
        "action_latency": 1.0,
    }
    rows = [study.Row(0, 6.0, 1, "", true, found, deviations, 0.0, 0.0, 0.0, 1, 2.0) for found in (true, off)]
    text = study.worst(rows)
    assert "6 of 8 values" in text
    assert "10.0%" in text
    assert "payload by 10%" in text
    assert "2.0 ms" in text
    assert "0.250 N·m" in text
