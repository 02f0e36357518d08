"""What was found, as a domain to train on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from adaptation.identification.pace import Estimate
from adaptation.identification.unknowns import Unknowns
from contract.errors import DomainError
from sim.domains.distributions import Fixed, Uniform
from sim.domains.domain import Domain
from sim.domains.reader import parse_domain
from sim.domains.setting import Setting

WIDTH = 2.0  # deviations to either side
DIGITS = 6  # significant


def posterior_text(estimate: Estimate, description: str) -> str:
    """A domain file: each unknown uniform within two deviations of what was found, inside its prior.

    What the prior holds fixed stays.
    """
    values, uncertainties = estimate.values, estimate.uncertainties
    found = {name: (values[name], uncertainties[name]) for name in values}
    return domain_text(estimate.unknowns, found, description)


def domain_text(unknowns: Unknowns, found: Mapping[str, tuple[float, float]], description: str) -> str:
    """A domain file with what was found of some unknowns, values and deviations; the others stay open.

    Raises:
        DomainError: one that stays open is not uniform.
    """
    parameters: dict[str, Any] = {}
    names = {id(s): name for s, name in zip(unknowns.settings, unknowns.names, strict=True)}
    for setting in unknowns.prior.settings:
        name = names.get(id(setting), "")
        entry = _found(setting, *found[name]) if name in found else _known(setting)
        if setting.component is None:
            parameters[setting.parameter.name] = entry
        else:
            parameters.setdefault(setting.parameter.name, {})[setting.component] = entry
    content = {"description": description, "engine": unknowns.prior.engine, "parameters": parameters}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def posterior(estimate: Estimate) -> Domain:
    """The same, read."""
    return parse_domain(posterior_text(estimate, "found"), "posterior")


def _found(setting: Setting, value: float, deviation: float) -> dict[str, Any]:
    low, high = setting.distribution.support()
    ends = [
        _rounded(max(low, value - WIDTH * deviation)),
        _rounded(min(high, value + WIDTH * deviation)),
    ]
    shape = {"uniform": ends} if ends[0] < ends[1] else {"fixed": ends[0]}
    return shape | _options(setting)


def _known(setting: Setting) -> dict[str, Any]:
    distribution = setting.distribution
    if isinstance(distribution, Fixed):
        return {"fixed": _rounded(distribution.value)} | _options(setting)
    if not isinstance(distribution, Uniform):
        raise DomainError(f"{setting.where}: {setting.parameter.name}: what stays open has to be uniform.")
    return {"uniform": [_rounded(end) for end in distribution.support()]} | _options(setting)


def _options(setting: Setting) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if setting.mode == "interval":
        options["every"] = setting.every
    if setting.operation != "set":
        options["operation"] = setting.operation
    if setting.mode != "reset":
        options["mode"] = setting.mode
    return options


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
