"""Draws whole scenes: one call, one seed, every layer on one grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.synthetic.build import build_world
from mmrs.datasets.synthetic.layers import draw_layers
from mmrs.datasets.synthetic.multispectral import RENDERERS
from mmrs.datasets.synthetic.noise import Field
from mmrs.datasets.synthetic.optical import render_optical
from mmrs.datasets.synthetic.sar import render_sar
from mmrs.datasets.synthetic.world import World


@dataclass(frozen=True)
class SyntheticScene:
    """Co-registered images and labels of one landscape.

    Attributes:
        optical: (H, W, 3) uint8 red, green, blue.
        image: (bands, H, W) as the sensor that was asked for sees it.
        sar: (H, W) float32 sigma0 in dB.
        land_cover: (H, W) uint8 indices into ``CLASSES``.
        height: (H, W) float32 metres of buildings and trees above ground.
        gsd: Metres per pixel.
        world: The objects that were drawn.
    """

    optical: NDArray[np.uint8]
    image: NDArray[Any]
    sar: Field
    land_cover: NDArray[np.uint8]
    height: Field
    gsd: float
    world: World


def draw_scene(seed: int, height: int, width: int, gsd: float = 1.0, sensor: str = 'rgb') -> SyntheticScene:
    """Draws a landscape.

    Args:
        seed: Scene seed, >= 0. The same arguments give the same bytes.
        height: Rows, at least 16.
        width: Columns, at least 16.
        gsd: Metres per pixel, 0.2 to 4.
        sensor: Key of :data:`mmrs.datasets.synthetic.multispectral.RENDERERS`.

    Raises:
        ValueError: If an argument is out of range.
    """
    check_drawing(seed, height, width, gsd)
    world = build_world(seed, width * gsd, height * gsd)
    layers = draw_layers(world, (height, width), gsd)
    optical, sar = render_optical(world, layers), render_sar(world, layers)
    image = np.moveaxis(optical, -1, 0) if sensor == 'rgb' else RENDERERS[sensor](world, layers)
    return SyntheticScene(optical, image, sar, layers.land_cover, layers.above, gsd, world)


def check_drawing(seed: int, height: int, width: int, gsd: float) -> None:
    """Refuses what cannot be drawn.

    Raises:
        ValueError: If an argument is out of the range that :func:`draw_scene` states.
    """
    if seed < 0 or min(height, width) < 16 or not 0.2 <= gsd <= 4:
        raise ValueError(
            f'seed {seed}, size {height} x {width}, gsd {gsd}: need seed >= 0, sides >= 16, gsd from 0.2 to 4'
        )
