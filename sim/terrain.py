"""Rough ground: a random field of heights, smooth from cell to cell.

White noise, smoothed by a Gaussian to a correlation length of `LENGTH`. It is flat around the start and
falls away at its edges to a plane `DEPTH` below, on which a robot that leaves the field stays.
"""

from __future__ import annotations

import numpy as np

from contract.state import Array

CELL = 0.16  # m
CELLS = 192  # along each side, so that 10 s at 1.5 m/s end within the field
NODES = CELLS + 1
HALF = CELL * CELLS / 2.0  # m, from the middle to an edge
LENGTH = 0.4  # m, at which heights are correlated by exp(-1/2)
HIGHEST = 3.0  # standard deviations, where heights are cut off
DEPTH = 0.4  # m, of the plane around the field below its middle
FLAT, ROUGH = 0.9, 1.4  # m from the middle: flat up to the first, as rough as asked from the second on
EDGE = 2.0  # m, over which the field falls away to the plane


def heights(roughness: float, rng: np.random.Generator) -> Array:
    """A field (NODES, NODES) of heights in m, by y and x, its middle at the origin.

    `roughness` is the standard deviation in m, at most DEPTH / HIGHEST. A pure function of `rng`'s
    state; the same state gives the same field, stretched to the roughness.
    """
    noise = _smooth(rng.standard_normal((CELLS, CELLS)))
    noise = np.pad(noise, ((0, 1), (0, 1)), mode="wrap")
    field = roughness * np.clip(noise, -HIGHEST, HIGHEST) * START
    return np.asarray(FADE * field - (1.0 - FADE) * DEPTH)


def height_at(field: Array, x: float, y: float) -> float:
    """Height (m) of the ground at a point (m), between nodes bilinear; `field` as from `heights`."""
    column, row = (x + HALF) / CELL, (y + HALF) / CELL
    if not (0.0 <= column < CELLS and 0.0 <= row < CELLS):
        return -DEPTH
    i, j = int(row), int(column)
    v, u = row - i, column - j
    near = field[i, j] * (1.0 - u) + field[i, j + 1] * u
    far = field[i + 1, j] * (1.0 - u) + field[i + 1, j + 1] * u
    return float(near * (1.0 - v) + far * v)


def _smooth(noise: Array) -> Array:
    """The same noise with correlation exp(-d² / (2 LENGTH²)) over a distance d, and deviation 1."""
    frequency = np.fft.fftfreq(CELLS, CELL)  # 1/m
    # a kernel of width w correlates its output over √2 w
    transfer = np.exp(-((np.pi * LENGTH * frequency) ** 2))
    gain = transfer[:, None] * transfer[None, : CELLS // 2 + 1]
    norm = np.sum(transfer**2) / CELLS  # of the output's variance, along each axis
    return np.asarray(np.fft.irfft2(np.fft.rfft2(noise) * gain, s=noise.shape) / norm)


def _rise(distance: Array, start: float, end: float) -> Array:
    """0 up to `start`, 1 from `end` on, smooth between."""
    t = np.clip((distance - start) / (end - start), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


AXIS = np.linspace(-HALF, HALF, NODES)
START = _rise(np.hypot(AXIS[:, None], AXIS[None, :]), FLAT, ROUGH)
FADE = 1.0 - _rise(np.maximum(np.abs(AXIS[:, None]), np.abs(AXIS[None, :])), HALF - EDGE, HALF)
