"""DORAEMON (Tiboni et al. 2024, arXiv:2311.01885): as much randomization as success allows.

Each of k settings of a domain is drawn at a quantile u ~ Beta(a, b) of its own distribution; φ = (a, b).
An update looks for

    max H(φ)   subject to   G(φ) ≥ α   and   KL(φ ‖ φ_now) ≤ ε
    G(φ) = 1/K Σ_e  p_φ(u_e) / p_e(u_e) · s_e

over the K last episodes e, whose numbers u_e were drawn from p_e, with s_e = 1 for a success, else 0. The
weights are not normalised: what moves to where no episode has been counts as failure. Where no φ in reach
has G ≥ α, the update maximises G instead. 1 ≤ a, b keeps the densities with one peak; a = b = 1 is all of
the setting's distribution, where H is greatest: 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Beta, kl_divergence

from contract.state import Array

GREATEST = 201.0  # a or b: no narrower than where the widening starts
ITERATIONS, FIRST_STEP, LAST_STEP = 24, 1.0, 0.03  # steps, as parts of the trust region's radius
HALVINGS = 10  # of the way back into it
EDGE = 1e-9  # densities at quantiles 0 and 1 may be infinite


@dataclass(frozen=True)
class Betas:
    """φ: `a`, `b` (k,), at least 1; `owner` (n,) is the setting that each drawn number belongs to."""

    a: Array
    b: Array
    owner: NDArray[np.int_]

    def log_density(self, quantiles: Array) -> Array:
        """log p_φ of episodes' numbers (e, n): (e,)."""
        density = _log_density(_logarithms(self), torch.tensor(quantiles), torch.tensor(self.owner))
        return np.asarray(density.numpy())

    @property
    def entropy(self) -> float:
        """Mean over the drawn numbers, in nats: at most 0, that of the domain's own distributions."""
        return float(_entropy(_logarithms(self), self.counts)) / len(self.owner)

    @property
    def width(self) -> float:
        """Mean deviation of the quantiles over that of all quantiles alike; 1 is all of the domain."""
        total = self.a + self.b
        deviation = np.sqrt(12.0 * self.a * self.b / (total**2 * (total + 1.0)))
        return float(np.mean(deviation[self.owner]))

    @property
    def counts(self) -> Tensor:
        """How many numbers each setting draws, (k,)."""
        return torch.tensor(np.bincount(self.owner))


@dataclass(frozen=True)
class Trials:
    """K episodes: `quantiles` (K, n), `log_density` (K,) of what drew them, `success` (K,) 0 or 1."""

    quantiles: Array
    log_density: Array
    success: Array


def update(now: Betas, trials: Trials, least_success: float, trust: float) -> Betas:
    """The next φ: the best on a way of natural-gradient steps that follow H where G ≥ α, and G elsewhere.

    With G(φ_now) ≥ α the result has it too, and no less entropy; otherwise its G is no less.
    """
    owner, counts = torch.tensor(now.owner), now.counts
    tried = [torch.tensor(x) for x in (trials.quantiles, trials.log_density, trials.success)]
    anchor = _logarithms(now)
    point, best, best_score = anchor.clone(), anchor, (-1.0, 0.0)
    for size in np.geomspace(FIRST_STEP, LAST_STEP, ITERATIONS):
        point = point.detach().requires_grad_()
        entropy, rate = _entropy(point, counts), _success(point, owner, *tried)
        enough = rate.item() >= least_success
        score = (least_success, entropy.item()) if enough else (rate.item(), 0.0)
        if score > best_score:
            best, best_score = point.detach(), score
        (gradient,) = torch.autograd.grad(entropy if enough else rate, point)
        with torch.no_grad():
            direction, length = _natural(point, gradient, counts)
            if length == 0.0:  # all wide already, or nothing has succeeded anywhere
                break
            ahead = point + size * np.sqrt(2.0 * trust) / length * direction
            point = _within(anchor, ahead.clamp(0.0, np.log(GREATEST)), counts, trust)
    a, b = best.exp().numpy()
    return replace(now, a=a, b=b)


def _natural(point: Tensor, gradient: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """F⁻¹ g (2, k), which climbs most for a divergence, and its length √(g F⁻¹ g); F is Fisher's matrix.

    What would leave 1 ≤ a, b stays where it is, and the other of the two is moved on its own.
    """
    ab = point.exp()
    own, total = torch.polygamma(1, ab), torch.polygamma(1, ab.sum(dim=0))
    free = (point > 0.0) | (gradient > 0.0)
    gradient = torch.where(free, gradient, 0.0)
    diagonal = counts * ab**2 * (own - total)
    beside = torch.where(free.all(dim=0), -counts * ab[0] * ab[1] * total, 0.0)
    determinant = diagonal[0] * diagonal[1] - beside**2
    direction = (diagonal.flip(0) * gradient - beside * gradient.flip(0)) / determinant
    return direction, (gradient * direction).sum().sqrt()


def _within(anchor: Tensor, point: Tensor, counts: Tensor, trust: float) -> Tensor:
    """`point`, or what lies on the way to it where the trust region ends."""
    inside, outside = 0.0, 1.0
    if _divergence(point, anchor, counts) <= trust:
        return point
    for _ in range(HALVINGS):
        middle = 0.5 * (inside + outside)
        near = _divergence(anchor + middle * (point - anchor), anchor, counts) <= trust
        inside, outside = (middle, outside) if near else (inside, middle)
    return anchor + inside * (point - anchor)


def _logarithms(betas: Betas) -> Tensor:
    """(log a, log b), (2, k)."""
    return torch.tensor(np.log(np.stack([betas.a, betas.b])))


def _beta(point: Tensor) -> Beta:
    a, b = point.exp()
    return Beta(a, b, validate_args=False)


def _entropy(point: Tensor, counts: Tensor) -> Tensor:
    entropy: Tensor = _beta(point).entropy()  # type: ignore[no-untyped-call]
    return (counts * entropy).sum()


def _divergence(point: Tensor, anchor: Tensor, counts: Tensor) -> Tensor:
    return (counts * kl_divergence(_beta(point), _beta(anchor))).sum()


def _log_density(point: Tensor, quantiles: Tensor, owner: Tensor) -> Tensor:
    a, b = point.exp()[:, owner]
    inside = quantiles.clamp(EDGE, 1.0 - EDGE)
    density: Tensor = Beta(a, b, validate_args=False).log_prob(inside)  # type: ignore[no-untyped-call]
    return density.sum(dim=-1)


def _success(point: Tensor, owner: Tensor, quantiles: Tensor, log_density: Tensor, success: Tensor) -> Tensor:
    """G(φ)."""
    weight = (_log_density(point, quantiles, owner) - log_density).exp()
    return (weight * success).mean()


def divergence(new: Betas, old: Betas) -> float:
    """KL(new ‖ old), summed over the drawn numbers, nats."""
    return float(_divergence(_logarithms(new), _logarithms(old), old.counts))
