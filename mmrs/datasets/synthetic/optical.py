"""Renders layers as an aerial RGB image: texture, sunlight, cast shadows, haze and sensor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.synthetic.layers import Layers
from mmrs.datasets.synthetic.materials import INDEX, MOTTLE, RGB, ROWS, VARY
from mmrs.datasets.synthetic.noise import Field, fractal, stream
from mmrs.datasets.synthetic.world import World


@dataclass(frozen=True)
class Light:
    """Sun and air of one acquisition.

    Attributes:
        azimuth: Direction of the sun, radians clockwise from north.
        elevation: Radians above the horizon.
        haze: Path radiance added to the signal, 0 to about 0.1.
        gain: Exposure of each band.
    """

    azimuth: float
    elevation: float
    haze: float
    gain: tuple[float, float, float]

    @classmethod
    def of(cls, seed: int) -> Light:
        """Draws the light of a scene."""
        rng = stream(seed, 'light')
        azimuth, elevation = math.radians(rng.uniform(95, 265)), math.radians(rng.uniform(35, 60))
        red, green, blue = rng.normal(1.0, 0.05, 3) * rng.normal(1.0, 0.07)
        return cls(azimuth, elevation, float(rng.uniform(0.01, 0.06)), (float(red), float(green), float(blue)))


def render_optical(world: World, layers: Layers, light: Light | None = None) -> NDArray[np.uint8]:
    """Renders an RGB image.

    Args:
        world: Source of the parcels' row directions.
        layers: Scene.
        light: Sun and air; None draws them from the world's seed.

    Returns:
        (H, W, 3) uint8 in red, green, blue order.
    """
    light = light or Light.of(world.seed)
    rng = stream(world.seed, 'optical')
    shape = layers.material.shape
    brightness, lit, shade, dry = surface(world, layers, light, rng)
    sun, sky = np.array([1.03, 1.0, 0.95]), np.array([0.20, 0.22, 0.26])
    haze = light.haze * np.array([0.75, 0.95, 1.25])
    tint = np.array([0.06, 0.01, 0.035])
    image = np.empty((*shape, 3), np.uint8)
    for band in range(3):
        albedo = RGB[:, band][layers.material] * brightness * (1 + np.float32(tint[band]) * dry)
        _colour_water(albedo, layers, band)
        signal = albedo * (np.float32(sun[band]) * lit * (1 - shade) + np.float32(sky[band]))
        signal = cv2.GaussianBlur(signal, (0, 0), 0.55) + np.float32(haze[band])
        signal = np.power(np.maximum(signal * np.float32(light.gain[band]), 0), np.float32(1 / 1.35)) * 235
        signal += 1.6 * rng.standard_normal(shape, np.float32)
        image[..., band] = np.clip(np.round(signal), 0, 255)
    return image


def surface(world: World, layers: Layers, light: Light, rng: np.random.Generator) -> tuple[Field, Field, Field, Field]:
    """What all bands share.

    Args:
        world: Source of the parcels' row directions.
        layers: Scene.
        light: Sun.
        rng: Random stream of the image.

    Returns:
        (H, W) each: brightness of the surface relative to its material, direct sunlight, the share of it that is
        blocked, and dryness (grass fades from green to straw, soils from wet to dry).
    """
    shape, gsd = layers.material.shape, layers.gsd
    brightness: Field = 1 + VARY[layers.material] * layers.tone
    brightness *= 1 + MOTTLE[layers.material] * fractal(rng, shape, 24 / gsd, 5, 0.8)
    brightness *= 1 + ROWS[layers.material] * _rows(world, layers)
    lit, shade = _illumination(layers, light)
    return brightness, lit, shade, fractal(rng, shape, 160 / gsd, 3)


def _rows(world: World, layers: Layers) -> Field:
    """Row pattern of the crops, about -1 to 1: fine rows, and a tramline every few rows; 0 outside parcels."""
    angle = np.array([parcel.angle for parcel in world.parcels] + [0.0], np.float32)
    spacing = np.array([parcel.spacing for parcel in world.parcels] + [4.0], np.float32)
    rows, columns = layers.material.shape
    x = (np.arange(columns, dtype=np.float32) * np.float32(layers.gsd))[None]
    y = (np.arange(rows, dtype=np.float32) * np.float32(layers.gsd))[:, None]
    across = y * np.cos(angle)[layers.parcel] - x * np.sin(angle)[layers.parcel]
    across /= spacing[layers.parcel]
    pattern = np.sin(across * np.float32(2 * np.pi))
    tram = np.abs(across / 4 - np.round(across / 4)) < 0.07
    pattern[tram] -= 1.6
    pattern[layers.parcel < 0] = 0
    return pattern


def _colour_water(albedo: Field, layers: Layers, band: int) -> None:
    """Shows the bottom through shallow water."""
    water = layers.material == INDEX['water']
    clear = np.exp(-layers.shore[water] * (2.2, 1.3, 1.6)[band])
    albedo[water] += clear * (0.16, 0.17, 0.10)[band]


def _illumination(layers: Layers, light: Light) -> tuple[Field, Field]:
    """Direct sunlight by the angle of the surface, and the share of it that is blocked."""
    east, south = math.sin(light.azimuth), -math.cos(light.azimuth)  # towards the sun, y down
    crowns = cv2.GaussianBlur(layers.above, (0, 0), 0.5)
    down, right = np.gradient(layers.ground + crowns, np.float32(layers.gsd))
    facing = np.clip(-(right * np.float32(east) + down * np.float32(south)), -1.1, 1.1)
    lit = np.sin(light.elevation) + np.cos(light.elevation) * facing
    lit /= np.sqrt(1 + facing * facing) * np.sin(light.elevation)
    return np.clip(lit, 0.12, 1.7).astype(np.float32), cast_shadow(
        layers.above, layers.gsd, (east, south), light.elevation
    )


def cast_shadow(above: Field, gsd: float, towards: tuple[float, float], elevation: float) -> Field:
    """Marches from every pixel towards the light until nothing in the scene is high enough to block it.

    Args:
        above: (H, W) metres above ground.
        gsd: Metres per pixel.
        towards: Horizontal unit vector towards the light: east, south.
        elevation: Angle of the light above the horizon in radians.

    Returns:
        (H, W) float32, 0 lit to 1 in full shadow.
    """
    rise = gsd * math.tan(elevation)
    highest = np.zeros_like(above)
    for step in range(1, math.ceil(float(above.max()) / rise) + 1):
        there, here = _shifted(above.shape, round(step * towards[1]), round(step * towards[0]))
        np.maximum(highest[here], above[there] - np.float32(step * rise), out=highest[here])
    return np.clip((highest - above) / np.float32(0.8), 0, 1)


def _shifted(shape: tuple[int, ...], down: int, right: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Windows (there, here) of equal size so that ``there`` lies ``down`` rows and ``right`` columns from ``here``."""
    there, here = [], []
    for side, offset in zip(shape, (down, right), strict=True):
        there.append(slice(max(offset, 0), max(side + min(offset, 0), 0)))
        here.append(slice(max(-offset, 0), max(side - max(offset, 0), 0)))
    return (there[0], there[1]), (here[0], here[1])
