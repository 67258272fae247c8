"""Draws a landscape at two dates: houses come and go, and everything else merely looks different."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.synthetic.build import build_world
from mmrs.datasets.synthetic.classes import Cover
from mmrs.datasets.synthetic.layers import draw_layers
from mmrs.datasets.synthetic.materials import MATERIALS
from mmrs.datasets.synthetic.noise import stream
from mmrs.datasets.synthetic.optical import render_optical
from mmrs.datasets.synthetic.scene import check_drawing
from mmrs.datasets.synthetic.world import Parcel, World

BUILT, RAZED = 0.35, 0.08  # share of the houses that only the later, only the earlier date has
ROTATED = 0.6  # share of the fields that bear another crop
CROPS = tuple(material.name for material in MATERIALS if material.cover is Cover.CROPS)


@dataclass(frozen=True)
class SyntheticPair:
    """Two co-registered images of one landscape.

    Attributes:
        before: (H, W, 3) uint8 red, green, blue.
        after: (H, W, 3) uint8.
        change: (H, W) uint8, 1 where a building was built or razed. Crops, light and haze differ too and do not count.
        gsd: Metres per pixel.
    """

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    change: NDArray[np.uint8]
    gsd: float


def draw_pair(seed: int, height: int, width: int, gsd: float = 1.0) -> SyntheticPair:
    """Draws a landscape at two dates.

    Args:
        seed: Scene seed, >= 0. The same arguments give the same bytes.
        height: Rows, at least 16.
        width: Columns, at least 16.
        gsd: Metres per pixel, 0.2 to 4.

    Raises:
        ValueError: If an argument is out of range.
    """
    check_drawing(seed, height, width, gsd)
    images, roofs = [], []
    for number, world in enumerate(_two_dates(build_world(seed, width * gsd, height * gsd))):
        layers = draw_layers(world, (height, width), gsd)
        season = int(stream(seed, f'season {number}').integers(2**31))
        images.append(render_optical(replace(world, seed=season), layers))
        roofs.append(layers.land_cover == Cover.BUILDING)
    return SyntheticPair(images[0], images[1], (roofs[0] != roofs[1]).astype(np.uint8), gsd)


def _two_dates(world: World) -> tuple[World, World]:
    rng = stream(world.seed, 'change')
    fate = rng.random(len(world.buildings))
    # What stays comes first in both lists: drawing gives a building its tone by its place in the list.
    stays = [house for house, chance in zip(world.buildings, fate, strict=True) if chance >= BUILT + RAZED]
    built = [house for house, chance in zip(world.buildings, fate, strict=True) if chance < BUILT]
    razed = [house for house, chance in zip(world.buildings, fate, strict=True) if BUILT <= chance < BUILT + RAZED]
    rotated = [_rotated(parcel, rng) for parcel in world.parcels]
    return replace(world, buildings=stays + razed), replace(world, buildings=stays + built, parcels=rotated)


def _rotated(parcel: Parcel, rng: np.random.Generator) -> Parcel:
    """The field one season later."""
    crop, tone, change = str(rng.choice(CROPS)), float(rng.normal(0, 0.6)), rng.random() < ROTATED
    return replace(parcel, use=crop, tone=tone) if change and parcel.use in CROPS else parcel
