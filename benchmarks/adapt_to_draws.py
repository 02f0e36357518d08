"""From a swing of a robot nobody knows to a policy for it: `python -m benchmarks.adapt_to_draws RUN`.

RUN is a finished training. Each draw is an emulated robot in MuJoCo with hidden strength, friction, payload
and latency. It plays a chirp over ROS 2; from the bag alone PyBullet finds these, and the run's policy is
trained on with what was found. Judged on the hidden robot: the run's policy as it is, the same after as much
further training where it came from, and the adapted one, beside its return in the domain that it was adapted
to. What is there already is kept. Draws begin behind those of `identify_arm`, on which the search was made.
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
from tyro.conf import Positional

from adaptation.identification.excitation import Chirp
from adaptation.identification.pace import Estimate, PaceConfig, identify
from adaptation.identification.posterior import posterior
from adaptation.identification.replay import JointLog
from adaptation.identification.unknowns import Unknowns
from adaptation.retrain import retrain
from benchmarks.hidden_draws import largest_error
from benchmarks.identify_arm import NOISE, PRIOR, hidden
from benchmarks.recorded_motion import record_motion
from pipeline.json_lines import append_lines, read_lines
from pipeline.progress import console, progress
from pipeline.recipe import load_recipe
from pipeline.run_directory import RunDirectory, read_record, source_commit
from policies.evaluation import run_episodes
from policies.runtime import Policy
from policies.train import CHECKPOINT, POLICY
from robot_bridge.joint_motion import load_joint_motion
from sim import markdown
from sim.domains.domain import Domain
from sim.domains.reader import load_domain, parse_domain
from sim.robots import load_robot
from sim.vector.spec import EnvironmentSpec

RATE, RAMP_AND_REST = 50.0, 4.0  # Hz; s around the chirp
EPISODES, SEED = 100, 40_000
FIRST = 10  # draw
SHARE = 0.9  # of the return in the domain that it was adapted to
HEADER = (
    "draw",
    "strength",
    "friction, N·m",
    "payload, kg",
    "latency, s",
    "zero-shot",
    "trained on in the source",
    "adapted",
    "in its domain",
)


@dataclass(frozen=True)
class Row:
    """One draw: what was hidden and found; mean returns."""

    draw: int
    seconds: float  # of the bag
    steps: int
    commit: str
    hidden: dict[str, float]
    found: dict[str, float]
    zero_shot: float
    further: float  # after as many steps in the source
    adapted: float
    in_domain: float
    took: float  # s


def record(robot: str, draw: int, seconds: float, folder: Path) -> tuple[Path, Domain]:
    """The bag of a chirp on the hidden robot, and that robot for judging."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"engine": "mujoco", "parameters": hidden(draw) | {"joint_position_noise": NOISE}}
    domain, spec = folder / "hidden.yaml", load_robot(robot)
    domain.write_text(yaml.safe_dump(content))
    start = np.array([joint.default_position for joint in spec.joints])
    set_points = Chirp(seconds - RAMP_AND_REST).set_points(spec.joints, start, RATE)
    return record_motion(robot, set_points, RATE, domain, folder, "bag", draw), load_domain(domain)


def look(bag: Path, robot: str, draw: int) -> Estimate:
    """What the bag says, and nothing else."""
    motion = load_joint_motion(bag)
    log = JointLog(motion.contract.control_rate, motion.set_point, motion.position)
    ranges = ", ".join(f"{name}: {{uniform: [{low}, {high}]}}" for name, (low, high) in PRIOR.items())
    unknowns = Unknowns(parse_domain(f"engine: pybullet\nparameters: {{{ranges}}}\n", "prior"))
    with progress(f"draw {draw}: identify", 22) as report:
        return identify(load_robot(robot), unknowns, log, PaceConfig(iterations=22), draw, report)


def worth(policy: Policy, domain: Domain) -> float:
    """Mean return."""
    episodes = run_episodes(policy, domain, range(SEED, SEED + EPISODES))
    return sum(episode.episode_return for episode in episodes) / len(episodes)


def train_on(run: RunDirectory, domain: Domain, steps: int, folder: Path, label: str) -> Policy:
    """The run's policy after further steps in a domain."""
    recipe, source = run.recipe, run.path / "source"
    spec = EnvironmentSpec(recipe.robot, recipe.task, domain)
    identity = run.identity("retrain", Policy(source / POLICY).sha256)
    with progress(f"{label}: train on", steps) as report:
        return retrain(recipe.train, spec, source / CHECKPOINT, steps, identity, folder, recipe.seed, report)


def measure(run: RunDirectory, draw: int, seconds: float, steps: int, out: Path) -> Row:
    """Swing, look, train on, judge."""
    started, recipe, folder = time.monotonic(), run.recipe, out / f"draw-{draw}"
    bag, target = record(recipe.robot, draw, seconds, folder)
    estimate = look(bag, recipe.robot, draw)
    found = posterior(estimate)
    adapted = train_on(run, found, steps, folder / f"adapted-{steps}", f"draw {draw}")
    further = train_on(run, load_domain(recipe.source), steps, out / f"further-{steps}", "the source")
    policies = Policy(run.path / "source" / POLICY), further, adapted
    returns = [worth(policy, target) for policy in policies]
    took = round(time.monotonic() - started, 1)
    return Row(
        *(draw, seconds, steps, source_commit(), hidden(draw), estimate.values),
        *(*returns, worth(adapted, found), took),
    )


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table."""
    values = (f"{row.hidden[name]:.3f} → {row.found[name]:.3f}" for name in PRIOR)
    returns = row.zero_shot, row.further, row.adapted, row.in_domain
    return (str(row.draw), *values, *(f"{value:.2f}" for value in returns))


def summary(rows: Sequence[Row]) -> str:
    """How many draws reach their share, and the greatest errors, in words."""
    reached = sum(row.adapted >= SHARE * row.in_domain for row in rows)
    before, further = (
        sum(getattr(row, name) >= SHARE * row.in_domain for row in rows) for name in ("zero_shot", "further")
    )

    most = partial(largest_error, rows)
    return (
        f"On {reached} of {len(rows)} draws the adapted policy has at least {SHARE:.0%} of the return that "
        f"it has in its own domain; without adaptation {before} have as much, after as much further training "
        f"in the source {further}. At worst, strength is off by "
        f"{most('joint_strength', True):.1%}, payload by {most('tool_mass_offset', True):.0%} and latency by "
        f"{1e3 * most('action_latency', False):.1f} ms."
    )


def page_sections(rows: Sequence[Row]) -> dict[str, str]:
    """What the page says of these rows."""
    return {"adapted": markdown.table(HEADER, map(cells, rows)), "adapted summary": summary(rows)}


def read_rows(path: Path) -> list[Row]:
    """What has been measured."""
    return read_lines(path, lambda data: Row(**data))


def main(
    run: Positional[Path],
    /,
    draws: int = 10,
    seconds: float = 12.0,
    steps: int = 20_000,
    out: Path = Path("runs/draws"),
    results: Path = Path("benchmarks/results/adapt-iiwa.jsonl"),
    page: Path = Path("docs/system-identification.md"),
) -> None:
    """Adapt to each draw that `results` does not have, and write the table into `page`."""
    seed = read_record(run / "run.json")["seed"]
    directory = RunDirectory(run, *load_recipe(run / "recipe.yaml", seed))

    def known() -> list[Row]:
        return [row for row in read_rows(results) if (row.seconds, row.steps) == (seconds, steps)]

    for draw in sorted(set(range(FIRST, FIRST + draws)) - {row.draw for row in known()}):
        append_lines(results, [asdict(measure(directory, draw, seconds, steps, out))])
    rows = known()
    page.write_text(markdown.rewrite(page.read_text(), page_sections(rows), str(page)))
    console.print(f"{summary(rows)}\nrows    {results}\npage    {page}")


if __name__ == "__main__":
    tyro.cli(main)
