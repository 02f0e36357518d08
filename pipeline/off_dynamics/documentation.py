"""The tables of off-dynamics results in the documentation, and the pictures of their curves.

python -m pipeline.off_dynamics.documentation docs/off-dynamics.md
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

from adaptation.stacked.methods import METHODS
from pipeline.off_dynamics.plans import has_own_budget
from pipeline.off_dynamics.random_policy import RANDOM
from pipeline.off_dynamics.results import Run, read_runs
from pipeline.off_dynamics.scores import Score, scores
from pipeline.off_dynamics.study import RESULTS
from pipeline.pictures.curve_panel import Mean, Panel
from pipeline.pictures.curves import draw_curves
from sim import markdown
from sim.shifts.pairs import PAIRS

HEADER = ("pair", "method", "seeds", "steps", "of them in the target", "return", "share", "hours")
IMAGES = Path("docs/images")
LEAST_SPAN = 1e-3  # of a scale


def sections(runs: Sequence[Run]) -> dict[str, str]:
    """The generated parts of the page, by the names of their markers; of runs with the pairs' own budgets."""
    return {"results": markdown.table(HEADER, map(_cells, scores(benchmark(runs)))), "pairs": _pairs()}


def benchmark(runs: Sequence[Run]) -> list[Run]:
    """Those of the benchmark's own pairs and budgets."""
    return [run for run in runs if run.method == RANDOM or has_own_budget(run.pair, run.method, run.digest)]


def _pairs() -> str:
    origins: dict[str, list[str]] = {}
    for pair in PAIRS.values():
        origins.setdefault(pair.origin, []).append(f"`{pair.name}`")
    return markdown.table(
        ("after", "pairs"), [(origin, ", ".join(names)) for origin, names in origins.items()]
    )


def _cells(score: Score) -> tuple[str, ...]:
    digits = 0 if abs(score.mean) >= 100 else 1
    interval = f" [{score.low:,.{digits}f}, {score.high:,.{digits}f}]" if score.seeds > 1 else ""
    return (
        score.pair,
        score.title,
        str(score.seeds),
        f"{score.steps:,}",
        f"{score.target_steps:,}",
        f"{score.mean:,.{digits}f}{interval}",
        f"{score.share:.2f}" if math.isfinite(score.share) else "",
        f"{score.hours:.1f}",
    )


def picture(pair: str, runs: Sequence[Run], path: Path) -> None:
    """Return on the target over steps: a panel a method, on one scale."""
    own = [run for run in runs if run.pair == pair and run.method in METHODS]
    values = [value for run in own for value in run.returns]
    bounds = _rounded(min(values), max(values))
    panels = []
    for name, method in METHODS.items():
        curves = [run for run in own if run.method == name]
        if curves:
            columns = zip(*(run.returns for run in curves), strict=True)
            means = [Mean(sum(column) / len(column), min(column), max(column)) for column in columns]
            panels.append(Panel(method.title, curves[0].at, means, bounds=bounds))
    title = f"{pair}: return on the target"
    note = f"Mean of {len({run.seed for run in own})} seeds, bars from the worst to the best."
    draw_curves(path, title, [note], "steps", panels, f"{title}. {note}")


def _rounded(low: float, high: float) -> tuple[float, float]:
    """Bounds of a scale that holds both in four steps of a round width."""
    power = math.floor(math.log10(max(high - low, LEAST_SPAN) / 4.0))
    for width in (factor * 10.0 ** (power + i) for i in range(3) for factor in (1.0, 2.0, 2.5, 5.0)):
        start = width * math.floor(low / width)
        if start + 4.0 * width >= high:
            return start, start + 4.0 * width
    raise AssertionError  # four steps of the last width are over a hundred times the range


def main(arguments: Sequence[str]) -> int:
    """Rewrite the page named by the one argument, and the pictures; returns an exit code."""
    runs = benchmark(read_runs(RESULTS))
    for pair in dict.fromkeys(run.pair for run in runs if run.method in METHODS):
        picture(pair, runs, IMAGES / f"off-dynamics-{pair}.png")
    return markdown.main(arguments, sections(runs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
