"""Renders layers as ten bands of reflectance in the style of Sentinel-2, and as two polarisations of Sentinel-1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.synthetic.classes import Cover
from mmrs.datasets.synthetic.layers import Layers
from mmrs.datasets.synthetic.materials import MATERIALS, RGB
from mmrs.datasets.synthetic.noise import stream
from mmrs.datasets.synthetic.optical import Light, surface
from mmrs.datasets.synthetic.sar import render_sar
from mmrs.datasets.synthetic.world import World

SCALE = 10_000  # of reflectance
# Reflectance beyond red: B5, B6, B7, B8, B8A, B11, B12, for what grows, for soil and stone, for water.
LEAVES = (0.12, 0.28, 0.36, 0.40, 0.42, 0.21, 0.11)
SOIL = (1.15, 1.22, 1.28, 1.33, 1.38, 1.70, 1.55)  # times the reflectance in red
WATER = (0.030, 0.022, 0.018, 0.015, 0.012, 0.006, 0.004)
VIGOUR = {'wheat': 0.45, 'stubble': 0.0, 'tilled': 0.0, 'rape': 0.9, 'meadow': 0.8, 'conifer': 0.75}


def _spectra() -> NDArray[np.float32]:
    """Reflectance of every material in the ten bands, (materials, 10)."""
    rows = []
    for material, (red, green, blue) in zip(MATERIALS, RGB, strict=True):
        dry = np.array(SOIL) * red
        beyond = np.array(WATER) if material.cover is Cover.WATER else dry
        if material.cover in (Cover.TREES, Cover.GRASS, Cover.CROPS):
            vigour = VIGOUR.get(material.name, 1.0)
            beyond = vigour * np.array(LEAVES) + (1 - vigour) * dry
        # Visible reflectance of the materials is that of a bright picture; plants and soils are darker.
        rows.append([0.45 * blue, 0.45 * green, 0.45 * red, *(beyond * (0.45 if beyond is dry else 1.0))])
    return np.clip(np.array(rows, np.float32), 0.003, 0.9)


def render_sentinel2(world: World, layers: Layers) -> NDArray[np.uint16]:
    """Renders B2, B3, B4, B5, B6, B7, B8, B8A, B11 and B12.

    Args:
        world: Source of the seed and of the parcels' row directions.
        layers: Scene.

    Returns:
        (10, H, W) uint16, reflectance times 10,000, 1 at least: 0 is Sentinel-2's nodata.
    """
    rng = stream(world.seed, 'sentinel2')
    brightness, lit, shade, dry = surface(world, layers, Light.of(world.seed), rng)
    light = (lit * (1 - shade) + np.float32(0.2)) / np.float32(1.2)
    image = np.empty((10, *layers.material.shape), np.uint16)
    for band, reflectance in enumerate(_spectra().T):
        faded = 1 + np.float32(0.05 if band < 3 else -0.05) * dry
        signal = cv2.GaussianBlur(reflectance[layers.material] * brightness * faded * light, (0, 0), 0.6)
        signal += np.float32(0.004) * rng.standard_normal(signal.shape, np.float32)
        image[band] = np.clip(np.rint(signal * SCALE), 1, 2 * SCALE)
    return image


def render_sentinel1(world: World, layers: Layers) -> NDArray[np.float32]:
    """Renders VV and VH in dB: (2, H, W) float32."""
    return np.stack([render_sar(world, layers, polarisation=name) for name in ('VV', 'VH')])


RENDERERS: Mapping[str, Callable[[World, Layers], NDArray[Any]]] = {
    'sentinel2-l2a': render_sentinel2,
    'sentinel1-grd': render_sentinel1,
}
