"""`terrafirma excite` writes a policy, and refuses what would hurt a robot or could not be replayed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policies.runtime import Policy


@pytest.mark.parametrize("robot", ["iiwa", "a1-hanging", "a1"])
def test_it_writes_a_policy(terrafirma: Callable[..., Any], tmp_path: Path, robot: str) -> None:
    out = tmp_path / "chirp.onnx"
    outcome = terrafirma("excite", robot, "--out", out, "--seconds", 2.0, "--high", 2.0)
    assert outcome.code == 0, outcome.err
    assert outcome.out.strip() == str(out)
    assert Policy(out).contract.identity.robot == robot
    assert "exists already" in terrafirma("excite", robot, "--out", out).error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ant",), "knows of no legs"),
        (("iiwa", "--rate", 33.0), "33 Hz does not divide iiwa's physics rate"),
        (("iiwa", "--rate", 8.0), "more than twice that"),
        (("iiwa", "--low", 6.0), "0 < low < high"),
        (("iiwaa",), "iiwa"),
    ],
)
def test_what_it_refuses(
    terrafirma: Callable[..., Any], tmp_path: Path, arguments: tuple[object, ...], message: str
) -> None:
    out = tmp_path / "chirp.onnx"
    assert message in terrafirma("excite", *arguments, "--out", out).error
    assert not out.exists()
