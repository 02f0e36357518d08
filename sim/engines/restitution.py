"""MuJoCo's contacts are damped springs; this finds the one that throws a body back as fast as asked.

A spring of frequency omega with damping ratio z that may push but not pull lets a body go with the part
e = exp(-z / √(1 - z²) · atan2(2 z √(1 - z²), 2 z² - 1)) of its speed (Schwager & Pöschel,
"Coefficient of restitution and linear-dashpot model revisited", 2007).
"""

from __future__ import annotations

import math

import numpy as np

from contract.state import Array

FREQUENCY = 150.0  # rad/s; a dozen physics steps of 2.5 ms for half a swing
RATIOS = np.linspace(0.999, 0.001, 999)


def restitution(ratio: float) -> float:
    """Part of the speed that a spring with this damping ratio, below 1, gives back."""
    root = math.sqrt(1.0 - ratio**2)
    return math.exp(-ratio / root * math.atan2(2.0 * ratio * root, 2.0 * ratio**2 - 1.0))


RESTITUTIONS = np.array([restitution(ratio) for ratio in RATIOS.tolist()])


def solref(part: float) -> Array:
    """MuJoCo's direct form (-stiffness, -damping) for a restitution; no less than at z = 1, e^-2."""
    ratio = float(np.interp(part, RESTITUTIONS, RATIOS))
    return np.array([-(FREQUENCY**2), -2.0 * ratio * FREQUENCY])
