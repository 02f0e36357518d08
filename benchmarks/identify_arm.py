"""System identification on hidden draws: `python -m benchmarks.identify_arm`.

An iiwa in MuJoCo gets a strength, a dry friction, a payload and a latency that the search does not see, and
swings for some seconds. PyBullet looks for the values with which it would have swung so. What is there
already is kept.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tyro

from adaptation.identification.excitation import Chirp
from adaptation.identification.pace import PaceConfig, Replays, identify
from adaptation.identification.replay import JointLog, follow
from adaptation.identification.unknowns import Unknowns
from benchmarks.hidden_draws import drawn, largest_error
from contract.state import Array
from pipeline.json_lines import append_lines, read_lines
from pipeline.progress import console, progress
from pipeline.run_directory import source_commit
from sim import markdown
from sim.domains.reader import parse_domain
from sim.robots import load_robot
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot

RATE = 50.0  # Hz, of set-points and readings
NOISE = 0.0005  # rad, of an encoder
HEADER = (
    *("draw", "strength", "friction, N·m", "payload, kg", "latency, s"),
    *("error before, mrad", "after", "of another motion"),
)
# what is drawn, and the wider range in which it is looked for
HIDDEN = {
    "joint_strength": (0.7, 1.05),
    "joint_friction": (0.0, 1.5),
    "tool_mass_offset": (0.5, 2.5),
    "action_latency": (0.0, 0.05),
}
PRIOR = {
    "joint_strength": (0.5, 1.2),
    "joint_friction": (0.0, 3.0),
    "tool_mass_offset": (0.0, 4.0),
    "action_latency": (0.0, 0.08),
}


@dataclass(frozen=True)
class Row:
    """One draw: what was hidden, found, and how sure that is; errors in rad."""

    draw: int
    seconds: float  # of motion
    iterations: int
    commit: str
    hidden: dict[str, float]
    found: dict[str, float]
    deviations: dict[str, float]
    error: float
    prior_error: float
    validation_error: float  # on a motion that was not fitted
    replays: int
    took: float  # s


def hidden(draw: int) -> dict[str, float]:
    """The values of one draw."""
    return drawn(2026, draw, HIDDEN)


def record(
    spec: RobotSpec, values: dict[str, float], chirp: Chirp, start: Array, noise: list[int]
) -> JointLog:
    """What a robot with these values measures; `noise` seeds that of its encoders."""
    parameters = ", ".join(f"{name}: {value}" for name, value in values.items())
    text = f"engine: mujoco\nparameters: {{{parameters}, joint_position_noise: {NOISE}}}\n"
    robot = SimulatedRobot(spec, parse_domain(text, "hidden"), np.random.default_rng(noise))
    try:
        return follow(robot, chirp.set_points(spec.joints, start, RATE), RATE, start)
    finally:
        robot.close()


def measure(draw: int, seconds: float, iterations: int) -> Row:
    """Draw, swing, look, and try what was found on a slower and larger swing."""
    spec = load_robot("iiwa")
    start = np.array([joint.default_position for joint in spec.joints])
    values = hidden(draw)
    ranges = ", ".join(f"{name}: {{uniform: [{low}, {high}]}}" for name, (low, high) in PRIOR.items())
    unknowns = Unknowns(parse_domain(f"engine: pybullet\nparameters: {{{ranges}}}\n", "prior"))
    log = record(spec, values, Chirp(seconds), start, [draw, 0])
    other = record(spec, values, Chirp(seconds, high=1.0, amplitude=0.5), start, [draw, 1])
    started = time.monotonic()
    with progress(f"draw {draw}", iterations) as report:
        estimate = identify(spec, unknowns, log, PaceConfig(iterations=iterations), draw, report)
    replays = Replays(spec, unknowns)
    unseen = replays.error(estimate.quantiles, other)
    replays.close()
    return Row(
        draw=draw,
        seconds=seconds,
        iterations=iterations,
        commit=source_commit(),
        hidden=values,
        found=estimate.values,
        deviations=estimate.uncertainties,
        error=estimate.error,
        prior_error=estimate.prior_error,
        validation_error=unseen,
        replays=estimate.replays,
        took=round(time.monotonic() - started, 1),
    )


def read_rows(path: Path) -> list[Row]:
    """What has been measured."""
    return read_lines(path, lambda data: Row(**data))


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table."""
    values = (f"{row.hidden[n]:.3f} → {row.found[n]:.3f} ± {row.deviations[n]:.3f}" for n in HIDDEN)
    errors = (f"{1e3 * e:.1f}" for e in (row.prior_error, row.error, row.validation_error))
    return (str(row.draw), *values, *errors)


def page_sections(rows: Sequence[Row]) -> dict[str, str]:
    """What the page says of these rows."""
    return {"draws": markdown.table(HEADER, map(cells, rows)), "worst": worst(rows)}


def worst(rows: Sequence[Row]) -> str:
    """The greatest errors of all draws, in words."""

    most = partial(largest_error, rows)
    inside = sum(abs(row.found[n] - row.hidden[n]) <= 2.0 * row.deviations[n] for row in rows for n in HIDDEN)
    took, replays = (float(np.mean([getattr(row, field) for row in rows])) for field in ("took", "replays"))
    return (
        f"At worst, strength is off by {most('joint_strength', True):.1%}, payload by "
        f"{most('tool_mass_offset', True):.0%}, latency by {1e3 * most('action_latency', False):.1f} ms and "
        f"friction by {most('joint_friction', False):.3f} N·m; a search took {took:.0f} s and {replays:.0f} "
        f"replays on average. Within two deviations of what was found lie {inside} of "
        f"{len(rows) * len(HIDDEN)} values."
    )


def main(
    draws: int = 10,
    seconds: float = 6.0,
    iterations: int = 22,
    results: Path = Path("benchmarks/results/identify-arm.jsonl"),
    page: Path = Path("docs/system-identification.md"),
) -> None:
    """Identify each draw that `results` does not have, and write the table into `page`."""
    known = {row.draw for row in read_rows(results) if (row.seconds, row.iterations) == (seconds, iterations)}
    for draw in range(draws):
        if draw not in known:
            append_lines(results, [asdict(measure(draw, seconds, iterations))])
    rows = [row for row in read_rows(results) if (row.seconds, row.iterations) == (seconds, iterations)]
    page.write_text(markdown.rewrite(page.read_text(), page_sections(rows), str(page)))
    console.print(f"{worst(rows)}\nrows    {results}\npage    {page}")


if __name__ == "__main__":
    tyro.cli(main)
