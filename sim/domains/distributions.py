"""What a parameter's value can be: a number, or a distribution to draw it from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Distribution(Protocol):
    """Frozen description of a random number; `draw` is a pure function of the generator."""

    def draw(self, rng: np.random.Generator) -> float: ...

    def support(self) -> tuple[float, float]:
        """Smallest and largest value that `draw` can return, before truncation."""
        ...


@dataclass(frozen=True)
class Fixed:
    """Always `value`."""

    value: float

    def draw(self, rng: np.random.Generator) -> float:
        return self.value

    def support(self) -> tuple[float, float]:
        return self.value, self.value


@dataclass(frozen=True)
class Uniform:
    """Any value of [low, high] alike."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        return float(rng.uniform(self.low, self.high))

    def support(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True)
class LogUniform:
    """Uniform in the logarithm; for quantities that vary by factors."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        return float(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))

    def support(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True)
class Normal:
    """Gaussian, truncated at two standard deviations."""

    mean: float
    deviation: float

    def draw(self, rng: np.random.Generator) -> float:
        while True:
            z = rng.standard_normal()
            if abs(z) <= 2.0:
                return self.mean + self.deviation * float(z)

    def support(self) -> tuple[float, float]:
        return self.mean - 2 * self.deviation, self.mean + 2 * self.deviation


DISTRIBUTIONS: dict[str, type[Uniform] | type[LogUniform] | type[Normal]] = {
    "uniform": Uniform,
    "log_uniform": LogUniform,
    "normal": Normal,
}
