"""One line of a domain: which number it changes, how, when, and to what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from contract.errors import DomainError
from sim.domains.distributions import STANDARD_NORMAL, Curriculum, Distribution
from sim.domains.parameter import Parameter

Operation = Literal["set", "scale", "add"]
Mode = Literal["startup", "reset", "interval"]
OPERATIONS: tuple[Operation, ...] = ("set", "scale", "add")
MODES: tuple[Mode, ...] = ("startup", "reset", "interval")
BISECTIONS = 50


@dataclass(frozen=True)
class Setting:
    """One parameter, for one of its components or for all, set to a value or a distribution.

    Settings of one `group` are correlated: each one's normal score is r z + √(1 - r²) e, with
    the group's common z, an e of its own and r = `correlation`. Two of them correlate by r1 r2.
    """

    parameter: Parameter
    component: str | None  # a joint or an axis; None: all of them
    distribution: Distribution
    where: str
    operation: Operation = "set"
    mode: Mode = "reset"
    every: float = math.inf  # s between two draws; mode "interval"
    group: str = ""
    correlation: float = 0.0
    shape: tuple[float, float] | None = None  # of a Beta over the quantiles to draw; None: all alike

    def draw(
        self, nominal: float, rng: np.random.Generator, factors: dict[str, float], level: float = 1.0
    ) -> float:
        """A value; `factors` holds each group's z and takes those that are missing.

        `level` in [0, 1] is how far a curriculum has got.
        """
        distribution = self.distribution
        if isinstance(distribution, Curriculum):
            distribution = distribution.at(level)
        if self.shape is not None:
            return self._operate(nominal, distribution.quantile(float(rng.beta(*self.shape))))
        if not self.group:
            return self._operate(nominal, distribution.draw(rng))
        if self.group not in factors:
            factors[self.group] = float(rng.standard_normal())
        own = float(rng.standard_normal())
        score = self.correlation * factors[self.group] + math.sqrt(1.0 - self.correlation**2) * own
        return self._operate(nominal, distribution.quantile(STANDARD_NORMAL.cdf(score)))

    def probability(self, nominal: float, value: float) -> float:
        """Quantile in [0, 1] at which the distribution has a value; the end that it lies beyond, if it does.

        By bisection. What scales a nominal 0 has no quantiles.
        """
        given = {"set": value, "add": value - nominal}.get(self.operation)
        wanted = value / nominal if given is None else given
        low, high = 0.0, 1.0
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.distribution.quantile(middle) < wanted else (low, middle)
        return 0.5 * (low + high)

    def support(self, nominal: float) -> tuple[float, float]:
        """Smallest and largest value that `draw` can return."""
        ends = [self._operate(nominal, end) for end in self.distribution.support()]
        return min(ends), max(ends)

    def check_range(self, nominal: float) -> None:
        """Refuse values outside the parameter's range; raises DomainError."""
        parameter = self.parameter
        low, high = self.support(nominal)
        if low < parameter.low or high > parameter.high:
            unit = parameter.unit
            raise DomainError(
                f"{self.where}: {parameter.name}: [{low:g}, {high:g}] {unit} leaves the valid range "
                f"[{parameter.low:g}, {parameter.high:g}] {unit}."
            )

    def _operate(self, nominal: float, value: float) -> float:
        if self.operation == "scale":
            return nominal * value
        return nominal + value if self.operation == "add" else value
