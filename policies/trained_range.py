"""What a policy has seen of a parameter in training, and whether a value lies within it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim.domains.domain import Domain
from sim.domains.parameters import PARAMETERS
from sim.domains.setting import Setting
from sim.robots.spec import RobotSpec

Mark = Literal["inside", "outside", "never randomized", "unknown"]


@dataclass(frozen=True)
class TrainedRange:
    """Values of a parameter that training drew, in its unit; `low` = `high`: it never varied.

    Where one number stands for several joints, what every one of them has seen.
    """

    low: float
    high: float

    def mark(self, value: float) -> Mark:
        """Whether training has drawn from around `value`; ends belong to the range."""
        if not self.low < self.high:
            return "never randomized"
        slack = 1e-9 * (self.high - self.low)  # for ends that were computed
        return "inside" if self.low - slack <= value <= self.high + slack else "outside"


def trained_range(domain: Domain, robot: RobotSpec, parameter: str, component: str | None) -> TrainedRange:
    """The range that training in `domain` draws `parameter` from.

    Args:
        component: a joint or an axis; None: all of them.
    """
    joints = tuple(joint.name for joint in robot.joints)
    names = PARAMETERS[parameter].components(joints) or ("",)
    nominal = np.atleast_1d(Domain(domain.engine).draw(robot, np.random.default_rng(0))[parameter])
    settings = [setting for setting in domain.settings if setting.parameter.name == parameter]
    meant = [(n, float(v)) for n, v in zip(names, nominal, strict=True) if component in (None, n)]
    ranges = [_support(settings, name, value) for name, value in meant]
    low, high = max(low for low, _ in ranges), min(high for _, high in ranges)
    return TrainedRange(low, max(low, high))


def _support(settings: list[Setting], name: str, nominal: float) -> tuple[float, float]:
    """Smallest and largest value of one component: of the setting that comes last."""
    for setting in reversed(settings):
        if setting.component in (None, name):
            return setting.support(nominal)
    return nominal, nominal
