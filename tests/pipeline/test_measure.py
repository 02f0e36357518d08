"""Workers report what users did wrong, and what was finished before is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contract.errors import TerrafirmaError
from pipeline.evaluation.cell import Cell, domain_digest
from pipeline.evaluation.measure import measure
from pipeline.evaluation.store import MEASURED, Store
from policies.runtime import Policy
from sim.domains.reader import load_domain, parse_domain


@pytest.fixture
def cell(policy: Path) -> Cell:
    return Cell(policy, Policy(policy).sha256, load_domain("nominal"), 1, 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_is_the_user_s_to_read(cell: Cell, tmp_path: Path, workers: int) -> None:
    gone = replace(cell, policy=tmp_path / "gone.onnx", policy_sha256="0" * 64)
    with pytest.raises(TerrafirmaError, match=r"gone.onnx: no such policy file"):
        measure("cells", [cell, gone], Store(tmp_path / "out"), workers)


def test_what_was_finished_is_kept(cell: Cell, tmp_path: Path) -> None:
    gone = replace(cell, policy=tmp_path / "gone.onnx", policy_sha256="0" * 64)
    with pytest.raises(TerrafirmaError):
        measure("cells", [cell, gone], Store(tmp_path), 1)
    kept = Store(tmp_path).get(cell)
    assert kept is not None
    assert measure("cells", [cell], Store(tmp_path)) == [kept]
    assert (tmp_path / MEASURED).read_text().count("\n") == 1


def test_equal_cells_are_measured_once(cell: Cell, tmp_path: Path) -> None:
    one, other = measure("cells", [cell, cell], Store(tmp_path))
    assert one == other
    assert (tmp_path / MEASURED).read_text().count("\n") == 1


def test_a_file_of_something_else_is_no_measurement(cell: Cell, tmp_path: Path) -> None:
    (tmp_path / MEASURED).write_text('[]\n{"a": 1}\nnonsense\n{"policy_sha256": "x"}\n')
    assert Store(tmp_path).get(cell) is None


def test_a_domain_is_what_it_does_and_not_where_it_is() -> None:
    text = "{engine: pybullet, parameters: {gravity: {uniform: [9, 10]}}}"
    here, there = parse_domain(text, "here"), parse_domain(f"# moved\n\n{text}", "there")
    assert domain_digest(here) == domain_digest(there)
    others = {
        "{engine: mujoco, parameters: {gravity: {uniform: [9, 10]}}}",
        "{engine: pybullet, parameters: {gravity: {uniform: [9, 10.1]}}}",
        "{engine: pybullet, parameters: {gravity: {log_uniform: [9, 10]}}}",
        "{engine: pybullet, parameters: {gravity: {uniform: [9, 10], mode: startup}}}",
        "{engine: pybullet, parameters: {gravity: {uniform: [9, 10], mode: interval, every: 1}}}",
        "{engine: pybullet, parameters: {gravity: {uniform: [9, 10], correlation: 0.5}}}",
        "{engine: pybullet}",
    }
    digests = {domain_digest(parse_domain(other, "here")) for other in others} | {domain_digest(here)}
    assert len(digests) == len(others) + 1
