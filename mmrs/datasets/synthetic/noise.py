"""Seeded random streams and fractal noise fields."""

from __future__ import annotations

import math
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def stream(seed: int, name: str) -> np.random.Generator:
    """Opens the random stream of one part of a scene.

    Each part draws from its own stream, so that a new part (or more draws in an old one) leaves the others unchanged.

    Args:
        seed: Seed of the scene, >= 0.
        name: Name of the part.
    """
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def fractal(
    rng: np.random.Generator, shape: tuple[int, ...], scale: float, octaves: int = 4, gain: float = 0.5
) -> Field:
    """Draws a sum of smooth random fields, each of half the grain of the one before.

    Args:
        rng: Random stream.
        shape: Height and width in pixels.
        scale: Grain of the coarsest field in pixels.
        octaves: Number of fields; those finer than 1.5 pixels are left out.
        gain: Amplitude of each field relative to the one before.

    Returns:
        (H, W) float32 with mean about 0 and standard deviation about 1.
    """
    total = np.zeros(shape, np.float32)
    power = 0.0
    for octave in range(octaves):
        grain = scale / 1.93**octave  # not 2: the nodes of all octaves would fall together and show as a grid
        if grain < 1.5 and octave:
            break
        rows, columns = (math.ceil(side / grain) + 3 for side in shape)
        lattice = rng.standard_normal((rows, columns), dtype=np.float32)
        field = cv2.resize(lattice, (round(columns * grain), round(rows * grain)), interpolation=cv2.INTER_CUBIC)
        top, left = (rng.integers(0, have - want + 1) for have, want in zip(field.shape, shape, strict=True))
        total += gain**octave * field[top : top + shape[0], left : left + shape[1]]
        power += gain ** (2 * octave)
    # Cubic interpolation between the nodes keeps about half of the lattice's variance.
    return total / np.float32(math.sqrt(0.55 * power))


def enlarge(grid: Field, factor: float, shape: tuple[int, ...]) -> Field:
    """Resamples a coarse grid to pixels.

    Args:
        grid: (h, w) values at cell centres.
        factor: Pixels per cell.
        shape: Height and width of the result; ``grid`` must cover it.
    """
    size = (max(round(grid.shape[1] * factor), shape[1]), max(round(grid.shape[0] * factor), shape[0]))
    fine = cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine[: shape[0], : shape[1]], np.float32)
