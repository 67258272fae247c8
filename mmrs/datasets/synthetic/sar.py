"""Renders layers as a side-looking radar image: backscatter, layover, double bounce, radar shadow and speckle."""

from __future__ import annotations

import math

import cv2
import numpy as np

from mmrs.datasets.synthetic.classes import Cover
from mmrs.datasets.synthetic.layers import Layers
from mmrs.datasets.synthetic.materials import COVER, SIGMA0, VARY
from mmrs.datasets.synthetic.noise import Field, fractal, stream
from mmrs.datasets.synthetic.optical import cast_shadow
from mmrs.datasets.synthetic.world import World

NOISE_FLOOR = 10**-2.7  # linear; what the sensor reports where nothing returns


def render_sar(world: World, layers: Layers, looks: int = 4) -> Field:
    """Renders a terrain-corrected backscatter image on the optical grid.

    The sensor flies north and looks east or west at 30 to 45 degrees of incidence. What stands above the ground
    is shifted towards the sensor (layover) and leaves a shadow behind; walls that face the sensor return brightly.

    Args:
        world: Source of the seed.
        layers: Scene.
        looks: Number of looks: speckle is gamma distributed with variance 1 / looks.

    Returns:
        (H, W) float32 sigma0 in dB.
    """
    rng = stream(world.seed, 'sar')
    towards = int(rng.choice([-1, 1]))  # columns towards the sensor
    incidence = math.radians(rng.uniform(30, 45))
    shape = layers.material.shape
    level = SIGMA0[layers.material] + 8 * VARY[layers.material] * layers.tone
    level += np.where(COVER[layers.material] == Cover.WATER, 0, 1.2) * fractal(rng, shape, 60 / layers.gsd, 4, 0.6)
    run = np.gradient(layers.ground, np.float32(layers.gsd), axis=1) * np.float32(-towards)
    power = 10 ** (level / 10) * np.clip(1 + 2.5 * run, 0.3, 2.5)
    power *= 1 - cast_shadow(_solid(layers), layers.gsd, (towards, 0.0), math.pi / 2 - incidence)
    power = cv2.GaussianBlur(_lay_over(power, layers, towards, incidence), (0, 0), 0.6)
    power = (power + NOISE_FLOOR) * rng.gamma(looks, 1 / looks, shape).astype(np.float32)
    return 10 * np.log10(np.maximum(power, np.float32(1e-5)))


def _solid(layers: Layers) -> Field:
    """Height that radar does not pass through: crowns let part of the signal in."""
    return np.where(COVER[layers.material] == Cover.TREES, np.float32(0.4), np.float32(1.0)) * layers.above


def _lay_over(power: Field, layers: Layers, towards: int, incidence: float) -> Field:
    """Moves every return to the range where the sensor sees it, and adds the walls that face the sensor."""
    shape, above = layers.material.shape, layers.above
    building = COVER[layers.material] == Cover.BUILDING
    reach = above / np.float32(math.tan(incidence) * layers.gsd)
    rows, columns = np.indices(shape, dtype=np.int32, sparse=True)
    moved = columns + towards * reach * building
    left = np.floor(moved).astype(np.int32)
    image = np.zeros(above.size)
    for column, share in ((left, 1 - (moved - left)), (left + 1, moved - left)):
        spot = rows * shape[1] + np.clip(column, 0, shape[1] - 1)
        image += np.bincount(spot.ravel(), (power * share).ravel(), minlength=above.size)
    before = np.roll(above, -towards, axis=1)  # the neighbour nearer to the sensor
    wall = building & (above - before > 2)
    row, foot = np.nonzero(wall)
    bounce = 10**0.9 * np.minimum(above[wall] / 6, 2)
    for part, weight in ((0.0, 0.6), (0.33, 0.16), (0.66, 0.14), (1.0, 0.1)):  # most returns from the wall's foot
        spot = np.clip(foot + towards * (1 + np.round(part * reach[wall]).astype(int)), 0, shape[1] - 1)
        image += np.bincount(row * shape[1] + spot, weight * bounce, minlength=above.size)
    return image.reshape(shape).astype(np.float32)
