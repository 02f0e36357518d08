"""`terrafirma identify`: from a bag and a prior to the domain that the robot lives in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from contract.errors import TerrafirmaError

if TYPE_CHECKING:
    from adaptation.identification.pace import Estimate
    from adaptation.identification.replay import JointLog
    from adaptation.identification.unknowns import Unknowns
    from sim.robots.spec import RobotSpec

FITTED = 0.7  # share of the motion; the rest is for validation
LEAST = 20  # ticks


def identify(
    bag: Positional[Path],
    /,
    prior: str,
    out: Path,
    seconds: float = 60.0,
    iterations: int = 40,
    seed: int = 0,
    namespace: str | None = None,
) -> int:
    """Find the domain parameters with which the simulation moves as the robot in a bag did.

    Nothing but the joints' motion is compared. A robot that is fixed, or hangs, tells of its joints; of the
    squats of a robot on its feet only `base_mass_offset` is found, and what else the prior leaves open stays
    so. The motion has to begin at rest, as it does when the bag begins before the policy is activated.

    Args:
        bag: that `terrafirma deploy`, `collect` or a launch recorded.
        prior: domain file or name; each setting with a distribution is looked for within it.
        out: domain file to write, uniform within two deviations of what was found.
        seconds: of the motion, from its start, that are used; the last 30 % of them to validate.
        iterations: of the search.
        seed: of the search.
        namespace: of the robot, e.g. /robot_1, where the bag holds several.
    """
    from adaptation.identification.pace import PaceConfig, Replays
    from adaptation.identification.pace import identify as search
    from adaptation.identification.posterior import posterior_text
    from adaptation.identification.replay import JointLog
    from adaptation.identification.unknowns import Unknowns
    from pipeline.progress import progress
    from robot_bridge.joint_motion import load_joint_motion
    from sim.domains.reader import load_domain
    from sim.robots import load_robot

    if out.exists():
        raise TerrafirmaError(f"{out} exists already; choose another --out.")
    unknowns = Unknowns(load_domain(prior))
    motion = load_joint_motion(bag, namespace)
    spec = load_robot(motion.contract.identity.robot)
    unknowns.prior.check(spec)
    ticks = min(len(motion.position), round(seconds * motion.contract.control_rate))
    fitted = round(FITTED * ticks)
    if fitted < LEAST:
        raise TerrafirmaError(f"{bag}: {ticks} ticks are too few; {round(LEAST / FITTED)} are the least.")
    rate = motion.contract.control_rate
    whole = JointLog(rate, motion.set_point[:ticks], motion.position[:ticks])
    if spec.base == "floating":
        return _weigh(spec, unknowns, whole, bag, out)
    log = JointLog(rate, motion.set_point[:fitted], motion.position[:fitted])
    with progress(f"identify {spec.name}", iterations) as report:
        estimate = search(spec, unknowns, log, PaceConfig(iterations=iterations), seed, report)
    replays = Replays(spec, unknowns)
    unseen = float((replays.residuals(estimate.quantiles, whole)[fitted:] ** 2).mean() ** 0.5)
    replays.close()
    text = posterior_text(estimate, f"what {bag.name} says of {spec.name}, {ticks / rate:.1f} s")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    _show(estimate, unseen, out)
    return 0


def _weigh(spec: RobotSpec, unknowns: Unknowns, log: JointLog, bag: Path, out: Path) -> int:
    """Squats on its own feet tell what a robot carries."""
    from adaptation.identification.posterior import domain_text
    from adaptation.identification.squat import PAYLOAD, Squat, find_payload
    from pipeline.progress import console

    payload = find_payload(spec, unknowns.prior, log, Squat())
    found = {PAYLOAD: (payload.mass, payload.deviation)}
    text = domain_text(unknowns, found, f"what {bag.name} says of {spec.name}, {len(log) / log.rate:.1f} s")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    console.print(f"{PAYLOAD}  {payload.mass:.2f} ± {payload.deviation:.2f} kg\ndomain  {out}")
    return 0


def _show(estimate: Estimate, unseen: float, out: Path) -> None:
    """What was found, how sure that is, and how well the motion is replayed."""
    from rich.table import Table

    from pipeline.progress import console
    from pipeline.tables import print_table

    table = Table(title="found ± deviation, within the prior")
    for title in ("parameter", "found", "deviation", "prior", "unit"):
        table.add_column(title, justify="left" if title in ("parameter", "unit") else "right")
    for setting, (name, value) in zip(estimate.unknowns.settings, estimate.values.items(), strict=True):
        low, high = setting.distribution.support()
        unit = setting.parameter.unit if setting.operation != "scale" else "nominal"
        deviation = f"{estimate.uncertainties[name]:.2g}"
        table.add_row(name, f"{value:.4g}", deviation, f"[{low:g}, {high:g}]", unit)
    print_table(table)
    before, after, rest = (f"{1e3 * e:.2f}" for e in (estimate.prior_error, estimate.error, unseen))
    console.print(
        f"joints: off by {after} mrad where {before} was the prior's middle, by {rest} mrad in the part that "
        f"was not fitted\ndomain  {out}",
        soft_wrap=True,
    )
