"""The tables of the documentation say what the code says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from contract.errors import TerrafirmaError
from sim import markdown
from sim.domains import documentation as domains
from sim.domains.parameters import PARAMETERS
from sim.domains.reader import load_domain
from sim.tasks import documentation as tasks

ROOT = Path(__file__).parents[2]
PAGES = {"docs/domains.md": domains, "docs/robots-and-tasks.md": tasks}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_current(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    module = PAGES[page]
    assert markdown.rewrite(text, module.sections(), page) == text, f"run: python -m {module.__name__} {page}"


def test_the_table_has_every_parameter_with_its_unit() -> None:
    (tables,) = domains.sections().values()
    lines = [line for line in tables.splitlines() if line.startswith("| `")]
    rows = {line.split(" | ")[0].strip("| `"): line for line in lines}
    assert set(rows) == set(PARAMETERS)
    assert all(f"| {parameter.unit} |" in rows[name] for name, parameter in PARAMETERS.items())


def test_every_shipped_domain_is_described() -> None:
    text = (ROOT / "docs/domains.md").read_text(encoding="utf-8")
    for path in (ROOT / "sim/domains/library").glob("*.yaml"):
        load_domain(path.stem)
        assert f"| `{path.stem}` |" in text


def test_the_examples_on_the_page_are_valid_domains(tmp_path: Path) -> None:
    text = (ROOT / "docs/domains.md").read_text(encoding="utf-8")
    examples = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    assert examples
    for number, example in enumerate(examples):
        path = tmp_path / f"{number}.yaml"
        path.write_text(example, encoding="utf-8")
        assert load_domain(path).settings


def test_rewriting_replaces_only_what_is_between_the_markers() -> None:
    text = "before\n<!-- begin a -->\nold\n<!-- end a -->\nafter\n"
    assert markdown.rewrite(text, {"a": "new"}, "x") == text.replace("old", "new")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<!-- begin a -->",
        "<!-- end a --> <!-- begin a -->",
        "<!-- begin a --> <!-- end a --> <!-- begin a --> <!-- end a -->",
    ],
)
def test_a_page_without_its_markers_is_refused(text: str) -> None:
    with pytest.raises(TerrafirmaError, match=r"page\.md: needs '<!-- begin a -->'"):
        markdown.rewrite(text, {"a": "new"}, "page.md")


@pytest.fixture
def outdated(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    def write(sections: Mapping[str, str]) -> Path:
        path = tmp_path / "page.md"
        path.write_text("\n".join(f"<!-- begin {name} -->\n<!-- end {name} -->" for name in sections))
        return path

    return write


@pytest.mark.parametrize("page", PAGES)
def test_the_command_brings_a_page_up_to_date(
    page: str, outdated: Callable[[Mapping[str, str]], Path]
) -> None:
    module = PAGES[page]
    path = outdated(module.sections())
    subprocess.run([sys.executable, "-m", module.__name__, str(path)], cwd=ROOT, check=True)
    assert all(body in path.read_text() for body in module.sections().values())


def test_the_command_refuses_a_page_that_is_not_there() -> None:
    command = [sys.executable, "-m", domains.__name__, "nowhere.md"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "nowhere.md" in done.stderr
