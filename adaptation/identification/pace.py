"""PACE (Bjelonic et al. 2025, arXiv:2509.06342): parameters with which a simulation replays a robot's joints.

    θ* = argmin_θ  mean_t,j ( q_j(t) - q̂_j(t; θ) )²

q is what the robot measured under known set-points, q̂ what the simulation measures under the same. The search
is CMA-ES (Hansen 2016, arXiv:1604.00772) over the prior's quantiles, and at its end some damped Gauss-Newton
steps. What is known of θ afterwards is Laplace's approximation: with the residuals' Jacobian J at θ* and
their variance s², the covariance is s² (JᵀJ)⁻¹, as far as the prior is wide. Neighbouring readings of one
swing are not independent, so s² is multiplied by how many of them go to one that is. What no parameter can
mend shows where joints disagree: the variance of the jackknife over joints is added, but for what is one
joint's own. A latency acts in whole physics steps, of which half a one is added to its deviation.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from adaptation.identification.replay import JointLog, replay
from adaptation.identification.unknowns import Unknowns
from contract.state import Array
from policies.config import Strict
from sim.domains.setting import Setting
from sim.robots.spec import RobotSpec
from sim.simulated_robot import SimulatedRobot

with warnings.catch_warnings():  # it misses matplotlib, which nothing here needs
    warnings.simplefilter("ignore")
    import cma

Report = Callable[[int, dict[str, float]], None]
STEP = 0.05  # of a quantile, for the Jacobian: a latency counts in whole physics steps
TRIES, TINY = 6, 1e-18  # of a step, each damped ten times more
PRIOR_DEVIATION = 1.0 / np.sqrt(12.0)  # of a quantile that may be anything


class PaceConfig(Strict):
    """The search."""

    iterations: PositiveInt = 60
    population: PositiveInt | None = None  # None: as CMA-ES would for so many unknowns
    spread: PositiveFloat = Field(0.25, lt=1.0)  # first deviation of the quantiles
    tolerance: PositiveFloat = 1e-4  # of the quantiles' deviation, which ends the search
    polish: NonNegativeInt = 5  # Gauss-Newton steps afterwards


@dataclass(frozen=True)
class Estimate:
    """What was found: quantiles and their deviations (d,), and errors in rad."""

    unknowns: Unknowns
    quantiles: Array
    deviations: Array
    error: float  # root of the mean square of the residuals
    prior_error: float  # that of the prior's middle
    replays: int

    @property
    def values(self) -> dict[str, float]:
        """Each unknown in its own unit."""
        return dict(zip(self.unknowns.names, self.unknowns.values(self.quantiles.tolist()), strict=True))

    @property
    def uncertainties(self) -> dict[str, float]:
        """Deviation of each, in the same units: half of what one deviation to either side makes."""
        ends = [
            self.unknowns.values(np.clip(self.quantiles + side * self.deviations, 0.0, 1.0).tolist())
            for side in (-1.0, 1.0)
        ]
        spans = (0.5 * (high - low) for low, high in zip(*ends, strict=True))
        return dict(zip(self.unknowns.names, spans, strict=True))


class Replays:
    """One simulated robot that replays a log with other parameters each time."""

    def __init__(self, spec: RobotSpec, unknowns: Unknowns) -> None:
        self._robot = SimulatedRobot(spec, unknowns.prior)
        self._unknowns = unknowns
        self.count = 0

    def residuals(self, quantiles: Array, log: JointLog) -> Array:
        """q - q̂ (N, n) rad."""
        self._robot.redistribute(self._unknowns.at(quantiles.tolist()))
        self.count += 1
        return log.position - replay(self._robot, log)

    def error(self, quantiles: Array, log: JointLog) -> float:
        """Root of the mean square, rad."""
        return float(np.sqrt(np.mean(self.residuals(quantiles, log) ** 2)))

    def close(self) -> None:
        self._robot.close()


def identify(
    spec: RobotSpec, unknowns: Unknowns, log: JointLog, config: PaceConfig, seed: int, report: Report
) -> Estimate:
    """Look for the parameters that replay the log; `report` gets iterations and the error so far, rad."""
    replays = Replays(spec, unknowns)
    middle = np.full(len(unknowns.names), 0.5)
    try:
        prior_error = replays.error(middle, log)
        best = _search(replays, log, middle, config, seed, report)
        best = _polish(replays, log, best, config.polish)
        residuals = replays.residuals(best, log)
        shared = np.array([setting.component is None for setting in unknowns.settings])
        deviations = _deviations(_jacobian(replays, log, best), residuals, shared)
        deviations += np.array([_grain(setting, spec.time_step) for setting in unknowns.settings])
        error = float(np.sqrt(np.mean(residuals**2)))
        return Estimate(unknowns, best, deviations, error, prior_error, replays.count)
    finally:
        replays.close()


def _search(
    replays: Replays, log: JointLog, middle: Array, config: PaceConfig, seed: int, report: Report
) -> Array:
    options = {
        "bounds": [0.0, 1.0],
        "seed": seed + 1,  # which 0 would take from the clock
        "maxiter": config.iterations,
        "tolx": config.tolerance,
        "verbose": -9,
    }
    if config.population is not None:
        options["popsize"] = config.population
    search = cma.CMAEvolutionStrategy(middle, config.spread, options)
    while not search.stop():
        candidates = search.ask()
        search.tell(candidates, [replays.error(np.asarray(c), log) for c in candidates])
        report(search.countiter, {"error": float(search.best.f)})
    return np.asarray(np.clip(search.best.x, 0.0, 1.0), dtype=float)


def _polish(replays: Replays, log: JointLog, best: Array, rounds: int) -> Array:
    """Levenberg and Marquardt's steps from where the search has ended.

    Strength, payload and friction make up for each other: along such a valley CMA-ES is slow.
    """
    residuals, damping = replays.residuals(best, log), 1e-3
    for _ in range(rounds):
        jacobian = _jacobian(replays, log, best)
        curvature, slope = jacobian.T @ jacobian, jacobian.T @ residuals.ravel()
        for _ in range(TRIES):
            damped = curvature + damping * np.diag(np.diag(curvature) + TINY)
            moved = np.clip(best - np.linalg.solve(damped, slope), 0.0, 1.0)
            tried = replays.residuals(moved, log)
            if np.sum(tried**2) < np.sum(residuals**2):
                best, residuals, damping = moved, tried, 0.1 * damping
                break
            damping *= 10.0
        else:
            return best
    return best


def _jacobian(replays: Replays, log: JointLog, at: Array) -> Array:
    """Derivatives (N n, d) of the residuals by the quantiles."""
    columns = []
    for i in range(len(at)):
        ends = np.clip([at[i] - STEP, at[i] + STEP], 0.0, 1.0)
        sides = []
        for end in ends:
            moved = at.copy()
            moved[i] = end
            sides.append(replays.residuals(moved, log))
        columns.append(((sides[1] - sides[0]) / (ends[1] - ends[0])).ravel())
    return np.stack(columns, axis=1)


def _deviations(jacobian: Array, residuals: Array, shared: Array) -> Array:
    """Of each quantile, by Laplace's approximation; where joints share it, with their disagreement."""
    variance = float(np.mean(residuals**2)) * _dependent(residuals)
    information = jacobian.T @ jacobian / max(variance, TINY)
    information += np.eye(jacobian.shape[1]) / PRIOR_DEVIATION**2
    covariance = np.diag(np.linalg.inv(information)) + shared * _mismatch(jacobian, residuals) ** 2
    return np.asarray(np.minimum(np.sqrt(covariance), PRIOR_DEVIATION))


def _mismatch(jacobian: Array, residuals: Array) -> Array:
    """Deviation (d,) of the quantiles by the jackknife that leaves out one joint at a time."""
    joints = residuals.shape[1]
    rows = jacobian.reshape(*residuals.shape, -1)
    steps = []
    for joint in range(joints):  # the Gauss-Newton step that the others would take
        kept = np.delete(rows, joint, axis=1).reshape(-1, rows.shape[2])
        rest = np.delete(residuals, joint, axis=1).ravel()
        steps.append(-np.linalg.lstsq(kept, rest)[0])
    spread = ((np.array(steps) - np.mean(steps, axis=0)) ** 2).sum(axis=0)
    return np.asarray(np.sqrt((joints - 1) / joints * spread))


def _grain(setting: Setting, time_step: float) -> float:
    """Half of what a parameter's quantile has to move by at least to make a difference."""
    if not setting.parameter.name.endswith("latency"):
        return 0.0
    low, high = setting.distribution.support()
    return 0.5 * time_step / (high - low)


def _dependent(residuals: Array) -> float:
    """Readings for one that is independent: 1 + 2 Σ of autocorrelations up to their first zero."""
    whole = residuals - residuals.mean(axis=0)
    power = np.abs(np.fft.rfft(whole, 2 * len(whole), axis=0)) ** 2
    correlation = np.fft.irfft(power, axis=0)[: len(whole)].sum(axis=1)
    correlation /= max(correlation[0], TINY)
    end = int(np.argmax(correlation <= 0.0)) or len(correlation)
    return float(1.0 + 2.0 * correlation[1:end].sum())
