"""How strong each motor of a moving robot is: the commonest thing that changes on a robot while it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import yaml

from adaptation.identification.pace import Estimate, PaceConfig, Report, identify
from adaptation.identification.replay import JointLog
from adaptation.identification.unknowns import Unknowns
from sim.domains.distributions import Fixed
from sim.domains.domain import Domain
from sim.domains.reader import parse_domain
from sim.domains.setting import Setting
from sim.robots.spec import RobotSpec

STRENGTH = "joint_strength"
# of the nominal; by factors, for a motor has to be very weak before it shows
WEAKEST, STRONGEST = 0.01, 1.25
SEARCH = PaceConfig(
    iterations=6
)  # strengths of joints do not make up for each other: the polish does the rest


def motor_strengths(spec: RobotSpec, known: Domain, log: JointLog, seed: int, report: Report) -> Estimate:
    """Look for the strength of every joint's motor, with what `known` fixes; what it draws is left out."""
    motors = _motors(spec, known.engine)
    others = tuple(s for s in known.settings if s.parameter.name != STRENGTH and _is_fixed(s))
    prior = replace(motors, settings=motors.settings + others)
    return identify(spec, Unknowns(prior), log, SEARCH, seed, report)


def strengths(estimate: Estimate) -> dict[str, float]:
    """By the names of joints."""
    return {name.removeprefix(f"{STRENGTH}/"): value for name, value in estimate.values.items()}


def weakened(domain: Domain, spec: RobotSpec, known: Mapping[str, float]) -> Domain:
    """`domain` with motors of these strengths instead of its own."""
    kept = tuple(setting for setting in domain.settings if setting.parameter.name != STRENGTH)
    found = Unknowns(_motors(spec, domain.engine)).settings
    fixed = tuple(replace(s, distribution=Fixed(known[str(s.component)])) for s in found)
    return replace(domain, settings=kept + fixed)


def _motors(spec: RobotSpec, engine: str) -> Domain:
    ranges = {joint.name: {"log_uniform": [WEAKEST, STRONGEST]} for joint in spec.joints}
    return parse_domain(yaml.safe_dump({"engine": engine, "parameters": {STRENGTH: ranges}}), "motors")


def _is_fixed(setting: Setting) -> bool:
    low, high = setting.distribution.support()
    return low == high
