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
from sim.robots.spec import RobotSpec

STRENGTH = "joint_strength"
# of the nominal; by factors, for a motor has to be very weak before it shows
WEAKEST, STRONGEST = 0.01, 1.25
SEARCH = PaceConfig(
    iterations=6
)  # strengths of joints do not make up for each other: the polish does the rest


def motor_strengths(spec: RobotSpec, engine: str, log: JointLog, seed: int, report: Report) -> Estimate:
    """Look for the strength of every joint's motor, with all else as the robot's file has it."""
    return identify(spec, Unknowns(_prior(spec, engine)), log, SEARCH, seed, report)


def strengths(estimate: Estimate) -> dict[str, float]:
    """By the names of joints."""
    return {name.removeprefix(f"{STRENGTH}/"): value for name, value in estimate.values.items()}


def weakened(domain: Domain, spec: RobotSpec, known: Mapping[str, float]) -> Domain:
    """`domain` with motors of these strengths instead of its own."""
    kept = tuple(setting for setting in domain.settings if setting.parameter.name != STRENGTH)
    found = Unknowns(_prior(spec, domain.engine)).settings
    fixed = tuple(replace(s, distribution=Fixed(known[str(s.component)])) for s in found)
    return replace(domain, settings=kept + fixed)


def _prior(spec: RobotSpec, engine: str) -> Domain:
    ranges = {joint.name: {"log_uniform": [WEAKEST, STRONGEST]} for joint in spec.joints}
    return parse_domain(yaml.safe_dump({"engine": engine, "parameters": {STRENGTH: ranges}}), "motors")
