"""No parameter without a test that measures its effect in every engine."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.domains.domain import ENGINES
from sim.domains.parameters import PARAMETERS

HERE = Path(__file__).parent


def marks_of_tests() -> Iterator[list[pytest.Mark]]:
    """The marks of every test in this folder, its module's and its cases' included."""
    for path in sorted(HERE.glob("test_*.py")):
        if path.name == Path(__file__).name:
            continue
        spec = importlib.util.spec_from_file_location(f"coverage_of_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        shared = getattr(module, "pytestmark", [])
        shared = shared if isinstance(shared, list) else [shared]
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and test.__module__ == module.__name__:
                yield [*(mark.mark for mark in shared), *getattr(test, "pytestmark", [])]


def shown(marks: list[pytest.Mark]) -> set[str]:
    """Parameters that one test, or one of its cases, claims to measure."""
    cases = [
        case
        for mark in marks
        if mark.name == "parametrize"
        for case in mark.args[1]
        if hasattr(case, "marks")
    ]
    marks = [*marks, *(getattr(mark, "mark", mark) for case in cases for mark in case.marks)]
    return {name for mark in marks if mark.name == "shows" for name in mark.args}


def in_every_engine(marks: list[pytest.Mark]) -> bool:
    return any(
        mark.name == "parametrize" and mark.args[0] == "engine" and tuple(mark.args[1]) == ENGINES
        for mark in marks
    )


def test_every_parameter_is_shown_to_work_in_every_engine() -> None:
    tests = list(marks_of_tests())
    assert len(tests) > 50
    missing = set(PARAMETERS) - {name for marks in tests if in_every_engine(marks) for name in shown(marks)}
    assert not missing, f"no test marked with pytest.mark.shows measures: {', '.join(sorted(missing))}"


def test_tests_name_parameters_that_exist() -> None:
    assert set().union(*map(shown, marks_of_tests())) <= set(PARAMETERS)
