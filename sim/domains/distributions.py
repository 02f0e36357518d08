"""What a parameter's value can be: a number, or a distribution to draw it from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np

STANDARD_NORMAL = NormalDist()
TRUNCATION = 2.0  # standard deviations


class Distribution(Protocol):
    """Frozen description of a random number; `draw` is a pure function of the generator."""

    def draw(self, rng: np.random.Generator) -> float: ...

    def quantile(self, probability: float) -> float:
        """The value below which a draw falls with this probability, in [0, 1]."""
        ...

    def support(self) -> tuple[float, float]:
        """Smallest and largest value that `draw` can return."""
        ...


@dataclass(frozen=True)
class Fixed:
    """Always `value`."""

    value: float

    def draw(self, rng: np.random.Generator) -> float:
        return self.value

    def quantile(self, probability: float) -> float:
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

    def quantile(self, probability: float) -> float:
        return self.low + probability * (self.high - self.low)

    def support(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True)
class LogUniform:
    """Uniform in the logarithm; for quantities that vary by factors."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        return float(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))

    def quantile(self, probability: float) -> float:
        return float(self.low * (self.high / self.low) ** probability)

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
            if abs(z) <= TRUNCATION:
                return self.mean + self.deviation * float(z)

    def quantile(self, probability: float) -> float:
        left = STANDARD_NORMAL.cdf(-TRUNCATION)
        return self.mean + self.deviation * STANDARD_NORMAL.inv_cdf(left + probability * (1.0 - 2.0 * left))

    def support(self) -> tuple[float, float]:
        return self.mean - TRUNCATION * self.deviation, self.mean + TRUNCATION * self.deviation


@dataclass(frozen=True)
class Curriculum:
    """Uniform from `easy` to as far towards `hard` as an environment's level in [0, 1] has got.

    On its own it is as at level 1; either end may be the larger one.
    """

    easy: float
    hard: float

    def at(self, level: float) -> Uniform:
        """What is drawn from at a level."""
        reached = (1.0 - level) * self.easy + level * self.hard
        return Uniform(min(self.easy, reached), max(self.easy, reached))

    def draw(self, rng: np.random.Generator) -> float:
        return self.at(1.0).draw(rng)

    def quantile(self, probability: float) -> float:
        return self.at(1.0).quantile(probability)

    def support(self) -> tuple[float, float]:
        return self.at(1.0).support()


DISTRIBUTIONS: dict[str, type[Uniform] | type[LogUniform] | type[Normal] | type[Curriculum]] = {
    "uniform": Uniform,
    "log_uniform": LogUniform,
    "normal": Normal,
    "curriculum": Curriculum,
}
