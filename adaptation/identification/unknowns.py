"""The parameters that a prior leaves open, as numbers in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from contract.errors import DomainError
from sim.domains.distributions import Fixed
from sim.domains.domain import Domain
from sim.domains.setting import Setting

# what makes the joints' readings random
RANDOM = ("joint_position_noise", "packet_loss", "sensor_loss", "action_latency_jitter")


@dataclass(frozen=True)
class Unknowns:
    """A prior is a domain; each of its settings with a distribution is one unknown, at its quantile.

    Raises:
        DomainError: nothing in the prior is open, or something that no replay could tell.
    """

    prior: Domain

    def __post_init__(self) -> None:
        if not self.settings:
            raise DomainError(f"{self.prior.source}: leaves nothing open: give distributions to look in.")
        for setting in self.settings:
            if setting.mode != "reset" or setting.group:
                raise DomainError(
                    f"{setting.where}: {setting.parameter.name}: what is drawn at start-up, at intervals or "
                    "in a group is no single number that could be looked for; leave mode and group out."
                )
            if setting.parameter.name in RANDOM:
                raise DomainError(
                    f"{setting.where}: {setting.parameter.name}: what happens at random cannot be replayed; "
                    "fix it."
                )

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Those that are open."""
        return tuple(setting for setting in self.prior.settings if _open(setting))

    @property
    def names(self) -> tuple[str, ...]:
        """`parameter`, or `parameter/component`."""
        return tuple(
            f"{s.parameter.name}/{s.component}" if s.component else s.parameter.name for s in self.settings
        )

    def values(self, quantiles: Sequence[float]) -> tuple[float, ...]:
        """What the distributions have at these quantiles, in their own terms (set, scale or add)."""
        return tuple(s.distribution.quantile(q) for s, q in zip(self.settings, quantiles, strict=True))

    def at(self, quantiles: Sequence[float]) -> Domain:
        """The prior with each unknown fixed."""
        known = dict(zip(map(id, self.settings), self.values(quantiles), strict=True))
        settings = tuple(
            replace(s, distribution=Fixed(known[id(s)])) if id(s) in known else s for s in self.prior.settings
        )
        return replace(self.prior, settings=settings)


def _open(setting: Setting) -> bool:
    low, high = setting.distribution.support()
    return low < high
