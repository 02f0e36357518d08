"""What a quadruped that nobody knows tells of itself: `python -m benchmarks.identify_a1`.

Each draw is an a1 in MuJoCo with hidden strength, friction, latency and payload. Over ROS 2 it swings its
legs in the air, and squats on its feet; from the two bags PyBullet finds the four. What is there is kept.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tyro
import yaml

from adaptation.identification.excitation import Chirp
from adaptation.identification.pace import PaceConfig, identify
from adaptation.identification.posterior import posterior
from adaptation.identification.replay import JointLog
from adaptation.identification.squat import PAYLOAD, Squat, find_payload
from adaptation.identification.unknowns import Unknowns
from benchmarks.hidden_draws import drawn, largest_error
from benchmarks.identify_arm import NOISE
from benchmarks.recorded_motion import record_motion
from pipeline.json_lines import append_lines, read_lines
from pipeline.progress import console, progress
from pipeline.run_directory import source_commit
from robot_bridge.joint_motion import load_joint_motion
from sim import markdown
from sim.domains.domain import Domain
from sim.domains.reader import parse_domain
from sim.robots import load_robot

RATE, ITERATIONS = 50.0, 25
CHIRP, SQUAT = Chirp(12.0, high=1.0), Squat()
# what is drawn, and the wider range in which it is looked for
HIDDEN = {
    "joint_strength": (0.7, 1.05),
    "joint_friction": (0.0, 0.5),
    "action_latency": (0.0, 0.04),
    PAYLOAD: (0.5, 4.0),
}
PRIOR = {
    "joint_strength": (0.5, 1.2),
    "joint_friction": (0.0, 1.0),
    "action_latency": (0.0, 0.06),
    PAYLOAD: (-1.0, 6.0),
}
HEADER = ("draw", "strength", "friction, N·m", "latency, s", "payload, kg")


@dataclass(frozen=True)
class Row:
    """One draw: what was hidden, what was found, and how sure that is."""

    draw: int
    seconds: float  # of both bags
    commit: str
    hidden: dict[str, float]
    found: dict[str, float]
    deviations: dict[str, float]
    took: float  # s


def hidden(draw: int) -> dict[str, float]:
    """The values of one draw."""
    return drawn(2027, draw, HIDDEN)


def record(draw: int, folder: Path) -> tuple[JointLog, JointLog]:
    """A hidden robot's swings in the air, where it carries nothing that tells, and its squats."""
    folder.mkdir(parents=True, exist_ok=True)
    values = hidden(draw) | {"joint_position_noise": NOISE}
    logs = []
    for robot, name in (("a1-hanging", "swings"), ("a1", "squats")):
        spec, own = load_robot(robot), dict(values)
        if spec.base == "fixed":
            del own[PAYLOAD]
        domain = folder / f"{name}.yaml"
        domain.write_text(yaml.safe_dump({"engine": "mujoco", "parameters": own}))
        start = np.array([joint.default_position for joint in spec.joints])
        swings = CHIRP.set_points(spec.joints, start, RATE)
        set_points = swings if spec.base == "fixed" else SQUAT.set_points(spec, RATE)
        motion = load_joint_motion(record_motion(robot, set_points, RATE, domain, folder, name, draw))
        logs.append(JointLog(RATE, motion.set_point, motion.position))
    return logs[0], logs[1]


def look(swings: JointLog, squats: JointLog, draw: int) -> tuple[dict[str, float], dict[str, float]]:
    """Values and deviations."""
    ranges = {name: {"uniform": list(ends)} for name, ends in PRIOR.items()}
    joints = {name: entry for name, entry in ranges.items() if name != PAYLOAD}
    unknowns = Unknowns(_domain(joints))
    with progress(f"draw {draw}", ITERATIONS) as report:
        spec = load_robot("a1-hanging")
        estimate = identify(spec, unknowns, swings, PaceConfig(iterations=ITERATIONS), draw, report)
    known = posterior(estimate)
    prior = Domain(known.engine, known.settings + _domain({PAYLOAD: ranges[PAYLOAD]}).settings, "squats")
    payload = find_payload(load_robot("a1"), prior, squats, SQUAT)
    values = estimate.values | {PAYLOAD: payload.mass}
    return values, estimate.uncertainties | {PAYLOAD: payload.deviation}


def _domain(parameters: dict[str, dict[str, list[float]]]) -> Domain:
    return parse_domain(yaml.safe_dump({"engine": "pybullet", "parameters": parameters}), "prior")


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table."""
    values = (f"{row.hidden[n]:.3f} → {row.found[n]:.3f} ± {row.deviations[n]:.3f}" for n in HIDDEN)
    return (str(row.draw), *values)


def worst(rows: Sequence[Row]) -> str:
    """The greatest errors of all draws, in words."""

    most = partial(largest_error, rows)
    inside = sum(abs(row.found[n] - row.hidden[n]) <= 2.0 * row.deviations[n] for row in rows for n in HIDDEN)
    strength, share = most("joint_strength", True), most(PAYLOAD, True)
    latency, friction = 1e3 * most("action_latency", False), most("joint_friction", False)
    return (
        f"At worst, strength is off by {strength:.1%}, payload by {share:.0%} or {most(PAYLOAD, False):.2f} "
        f"kg, latency by {latency:.1f} ms and friction by {friction:.3f} N·m, of {rows[0].seconds:.0f} s of "
        f"bags each. Within two deviations of what was found lie {inside} of {len(rows) * len(HIDDEN)}."
    )


def page_sections(rows: Sequence[Row]) -> dict[str, str]:
    """What the page says of these rows."""
    return {"a1 draws": markdown.table(HEADER, map(cells, rows)), "a1 worst": worst(rows)}


def read_rows(path: Path) -> list[Row]:
    """What has been measured."""
    return read_lines(path, lambda data: Row(**data))


def main(
    draws: int = 10,
    out: Path = Path("runs/identify-a1"),
    results: Path = Path("benchmarks/results/identify-a1.jsonl"),
    page: Path = Path("docs/system-identification.md"),
) -> None:
    """Identify each draw that `results` does not have, and write the table into `page`."""
    known = {row.draw for row in read_rows(results)}
    for draw in sorted(set(range(draws)) - known):
        started = time.monotonic()
        logs = record(draw, out / f"draw-{draw}")
        found, deviations = look(*logs, draw)
        seconds = round(sum(len(log) for log in logs) / RATE, 1)
        took = round(time.monotonic() - started, 1)
        row = Row(draw, seconds, source_commit(), hidden(draw), found, deviations, took)
        append_lines(results, [asdict(row)])
    rows = read_rows(results)
    page.write_text(markdown.rewrite(page.read_text(), page_sections(rows), str(page)))
    console.print(f"{worst(rows)}\nrows    {results}\npage    {page}")


if __name__ == "__main__":
    tyro.cli(main)
