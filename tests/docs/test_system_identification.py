"""The page's Python runs as it stands, and finds what it hides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "system-identification.md"


def test_the_example_finds_the_hidden_values() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    values = names["found"].values
    assert values["joint_strength"] == pytest.approx(0.8, rel=0.05)
    assert values["action_latency"] == pytest.approx(0.02, abs=0.003)
