"""Set-points that tell much about a robot's joints, within their limits.

A chirp, as in PACE (Bjelonic et al. 2025, arXiv:2509.06342): each joint swings about its start with a
frequency that rises exponentially from `low` to `high`,

    q*_j(t) = q_j + A_j w(t) sin(2π φ_j(t))
    φ_j(t)  = low T / ln(high / low) ((high / low)^(t/T) - 1) + j / n

where w fades in and out. A_j is as large as limits of position, and of the velocity at each moment, allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.errors import TerrafirmaError
from contract.record import Joint
from contract.state import Array

FADE = 0.5  # s, in and out
USED = 0.5  # share of the room that is left to the limits


@dataclass(frozen=True)
class Chirp:
    """A chirp of `seconds`, at most `amplitude` rad to either side."""

    seconds: float = 20.0
    low: float = 0.1  # Hz
    high: float = 5.0
    amplitude: float = 0.3  # rad

    def __post_init__(self) -> None:
        if not (self.seconds > 2.0 * FADE and 0.0 < self.low < self.high and self.amplitude > 0.0):
            raise TerrafirmaError(
                f"a chirp needs more than {2.0 * FADE:g} s, an amplitude and 0 < low < high Hz, got {self}."
            )

    def set_points(self, joints: Sequence[Joint], start: Array, rate: float) -> Array:
        """Positions (N, n) rad at `rate` Hz about `start` (n,) rad.

        Raises:
            TerrafirmaError: a joint starts at its limit or beyond, so that there is no room.
        """
        time = np.arange(round(self.seconds * rate)) / rate
        ratio = self.high / self.low
        frequency = self.low * ratio ** (time / self.seconds)
        phase = self.low * self.seconds / np.log(ratio) * (ratio ** (time / self.seconds) - 1.0)
        fade = np.clip(np.minimum(time, self.seconds - time) / FADE, 0.0, 1.0)
        columns = [
            self._column(joint, float(q), frequency, phase + j / len(joints), fade)
            for j, (joint, q) in enumerate(zip(joints, start, strict=True))
        ]
        return np.stack(columns, axis=1)

    def _column(self, joint: Joint, start: float, frequency: Array, phase: Array, fade: Array) -> Array:
        room = USED * min(start - joint.lower, joint.upper - start)
        if room <= 0.0:
            raise TerrafirmaError(
                f"joint {joint.name!r} starts at {start:g} rad and has no room to swing between its limits "
                f"{joint.lower:g} and {joint.upper:g} rad."
            )
        fastest = USED * joint.max_velocity / (2.0 * np.pi * frequency)
        amplitude = np.minimum(min(self.amplitude, room), fastest)
        return np.asarray(start + fade * amplitude * np.sin(2.0 * np.pi * phase))
