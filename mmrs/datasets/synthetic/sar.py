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

# VH against VV in dB: water, trees, grass, crops, bare, road, building.
CROSS = np.array([-7.0, -5.0, -7.5, -6.5, -9.5, -9.0, -8.0], np.float32)
NOISE_FLOOR = 10**-2.7  # linear; what the sensor reports where nothing returns


def render_sar(world: World, layers: Layers, looks: int = 4, polarisation: str = 'VV') -> Field:
    """Renders a terrain-corrected backscatter image on the optical grid.

    The sensor flies north and looks east or west at 30 to 45 degrees of incidence. What stands above the ground
    is shifted towards the sensor (layover) and leaves a shadow behind; walls that face the sensor return brightly.

    Args:
        world: Source of the seed.
        layers: Scene.
        looks: Number of looks: speckle is gamma distributed with variance 1 / looks.
        polarisation: 'VV' or 'VH'; crowns turn more of the signal than smooth ground, walls and water.

    Returns:
        (H, W) float32 sigma0 in dB.
    """
    rng = stream(world.seed, 'sar')
    towards = int(rng.choice([-1, 1]))  # columns towards the sensor
    incidence = math.radians(rng.uniform(30, 45))
    shape = layers.material.shape
    level = SIGMA0[layers.material] + 8 * VARY[layers.material] * layers.tone
    level += np.where(COVER[layers.material] == Cover.WATER, 0, 1.2) * fractal(rng, shape, 60 / layers.gsd, 4, 0.6)
    if polarisation == 'VH':
        level, rng = level + CROSS[COVER[layers.material]], stream(world.seed, 'sar VH')
    run = np.gradient(layers.ground, np.float32(layers.gsd), axis=1) * np.float32(-towards)
    power = 10 ** (level / 10) * np.clip(1 + 2.5 * run, 0.3, 2.5)
    power *= 1 - cast_shadow(_solid(layers), layers.gsd, (towards, 0.0), math.pi / 2 - incidence)
    bounce, floor = (1.0, NOISE_FLOOR) if polarisation == 'VV' else (0.15, NOISE_FLOOR / 5)
    power = cv2.GaussianBlur(_lay_over(power, layers, towards, incidence, bounce), (0, 0), 0.6)
    power = (power + floor) * rng.gamma(looks, 1 / looks, shape).astype(np.float32)
    return 10 * np.log10(np.maximum(power, np.float32(1e-5)))


def _solid(layers: Layers) -> Field:
    """Height that radar does not pass through: crowns let part of the signal in."""
    return np.where(COVER[layers.material] == Cover.TREES, np.float32(0.4), np.float32(1.0)) * layers.above


def _lay_over(power: Field, layers: Layers, towards: int, incidence: float, strength: float) -> Field:
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
    bounce = strength * 10**0.9 * np.minimum(above[wall] / 6, 2)
    for part, weight in ((0.0, 0.6), (0.33, 0.16), (0.66, 0.14), (1.0, 0.1)):  # most returns from the wall's foot
        spot = np.clip(foot + towards * (1 + np.round(part * reach[wall]).astype(int)), 0, shape[1] - 1)
        image += np.bincount(row * shape[1] + spot, weight * bounce, minlength=above.size)
    return image.reshape(shape).astype(np.float32)
