"""Draws a world into per-pixel layers that every sensor shares, so that optical, SAR and labels agree."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.synthetic.classes import Cover
from mmrs.datasets.synthetic.materials import COVER, INDEX, ROOFS
from mmrs.datasets.synthetic.noise import Field, enlarge, fractal, stream
from mmrs.datasets.synthetic.things import KINDS
from mmrs.datasets.synthetic.world import Building, Line, Parcel, Points, Thing, Trees, World

BASIN_DEPTH = 2.5  # metres of water in a dock
SUBPIXEL = 4  # fractional bits of drawn coordinates


@dataclass(frozen=True)
class Layers:
    """Per-pixel description of a scene; all arrays are (H, W).

    Attributes:
        gsd: Ground sampling distance in metres.
        material: uint8 index into ``MATERIALS``.
        parcel: int32 index into the world's parcels, -1 outside.
        tone: float32 brightness of the object against others of its material, about -1 to 1.
        above: float32 height of buildings and trees above ground in metres.
        ground: float32 elevation of the ground in metres.
        shore: float32 depth of water in metres, 0 on land.
    """

    gsd: float
    material: NDArray[np.uint8]
    parcel: NDArray[np.int32]
    tone: Field
    above: Field
    ground: Field
    shore: Field

    @property
    def land_cover(self) -> NDArray[np.uint8]:
        """(H, W) uint8 class indices."""
        return COVER[self.material]


def draw_layers(world: World, shape: tuple[int, int], gsd: float) -> Layers:
    """Rasterises a world.

    Args:
        world: What to draw.
        shape: Height and width in pixels.
        gsd: Metres per pixel.
    """
    factor = world.terrain.step / gsd
    layers = Layers(
        gsd,
        np.full(shape, INDEX['wild'], np.uint8),
        np.full(shape, -1, np.int32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
        enlarge(world.terrain.elevation, factor, shape),
        np.zeros(shape, np.float32),
    )
    for index, parcel in enumerate(world.parcels):
        _draw_parcel(layers, index, parcel)
    _draw_water(layers, world)
    for line in world.lines:
        _draw_line(layers, line)
    for number, building in enumerate(world.buildings):
        _draw_building(layers, building, ((number * 37) % 16) / 8 - 1)
    for thing in world.things:
        _draw_thing(layers, thing)
    if world.trees is not None:
        _draw_trees(layers, world.trees, world.seed)
        _close_canopy(layers)
    return layers


def _fixed(points: Points, gsd: float) -> NDArray[np.int32]:
    """Metres to OpenCV's fixed-point pixel coordinates, whose origin is the first pixel's centre."""
    return np.round((points / gsd - 0.5) * 2**SUBPIXEL).astype(np.int32)


def _draw_parcel(layers: Layers, index: int, parcel: Parcel) -> None:
    ring = [_fixed(parcel.ring, layers.gsd)]
    cv2.fillPoly(layers.material, ring, INDEX[parcel.use], shift=SUBPIXEL)
    cv2.fillPoly(layers.parcel, ring, index, shift=SUBPIXEL)
    cv2.fillPoly(layers.tone, ring, parcel.tone, shift=SUBPIXEL)


def _draw_line(layers: Layers, line: Line) -> None:
    points, thickness = [_fixed(line.points, layers.gsd)], max(1, round(line.width / layers.gsd))
    cv2.polylines(layers.material, points, False, INDEX[line.kind], thickness, shift=SUBPIXEL)
    cv2.polylines(layers.parcel, points, False, -1, thickness, shift=SUBPIXEL)
    cv2.polylines(layers.tone, points, False, 0.0, thickness, shift=SUBPIXEL)


def _draw_water(layers: Layers, world: World) -> None:
    """Lakes where the ground lies below the water level, rivers along their lines, both with a ragged shore."""
    shape, gsd = layers.material.shape, layers.gsd
    ragged = fractal(stream(world.seed, 'shore'), shape, 45 / gsd, 4, 0.42)
    depth = enlarge(world.terrain.depth, world.terrain.step / gsd, shape) + 0.06 * ragged
    for river in world.terrain.rivers:
        canvas = np.ones(shape, np.uint8)
        cv2.polylines(canvas, [_fixed(river.points, gsd)], False, 0, 1, shift=SUBPIXEL)
        away = cv2.distanceTransform(canvas, cv2.DIST_L2, 5) * gsd
        depth = np.maximum(depth, (river.width / 2 * (1 + 0.12 * ragged) - away) * 0.12)
    water = depth > 0
    bank = ~water & (depth > -0.55) & (ragged > 0.75)
    layers.shore[water] = depth[water]
    for mask, name in ((bank, 'bare'), (water, 'water')):
        layers.material[mask], layers.parcel[mask], layers.tone[mask] = INDEX[name], -1, 0.0


def _draw_building(layers: Layers, building: Building, tone: float) -> None:
    ring = building.ring()
    fixed = _fixed(ring, layers.gsd)
    low = np.maximum(np.floor(ring.min(0) / layers.gsd).astype(int) - 1, 0)
    high = np.ceil(ring.max(0) / layers.gsd).astype(int) + 2
    window = np.s_[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(layers.material[window].shape, np.uint8)
    cv2.fillConvexPoly(mask, fixed - (low << SUBPIXEL).astype(np.int32), 1, shift=SUBPIXEL)
    inside = mask > 0
    top = np.full(mask.shape, building.height, np.float32)
    if building.roof == 'gable':
        rows, columns = np.mgrid[low[1] : low[1] + mask.shape[0], low[0] : low[0] + mask.shape[1]]
        x, y = (
            (axis + 0.5) * layers.gsd - origin for axis, origin in zip((columns, rows), building.centre, strict=True)
        )
        off_ridge = np.abs(y * np.cos(building.angle) - x * np.sin(building.angle))
        top += 0.75 * np.maximum(building.size[1] / 2 - off_ridge, 0).astype(np.float32)
    layers.above[window][inside] = top[inside]
    layers.material[window][inside] = ROOFS[building.colour]
    layers.parcel[window][inside] = -1
    layers.tone[window][inside] = tone


def _draw_thing(layers: Layers, thing: Thing) -> None:
    cos, sin = np.cos(thing.angle), np.sin(thing.angle)
    turn, tone = np.array([[cos, sin], [-sin, cos]]), (thing.style % 7) / 6 - 0.5
    for part in KINDS[thing.kind]:
        ring = [_fixed(part.outline * thing.size @ turn + np.array(thing.centre), layers.gsd)]
        material = part.materials[thing.style % len(part.materials)]
        cv2.fillPoly(layers.material, ring, INDEX[material], shift=SUBPIXEL)
        cv2.fillPoly(layers.parcel, ring, -1, shift=SUBPIXEL)
        cv2.fillPoly(layers.tone, ring, tone, shift=SUBPIXEL)
        cv2.fillPoly(layers.above, ring, part.height, shift=SUBPIXEL)
        if material == 'water':
            cv2.fillPoly(layers.shore, ring, BASIN_DEPTH, shift=SUBPIXEL)


def _draw_trees(layers: Layers, trees: Trees, seed: int) -> None:
    """Stamps crowns as flattened domes; where two overlap the higher one is seen."""
    tones = stream(seed, 'crowns').normal(0, 0.5, len(trees.points))
    names = np.where(trees.conifer, INDEX['conifer'], INDEX['broadleaf'])
    shape = layers.material.shape
    for (x, y), radius, height, name, tone in zip(
        trees.points / layers.gsd, trees.radius / layers.gsd, trees.height, names, tones, strict=True
    ):
        left, top = max(int(x - radius), 0), max(int(y - radius), 0)
        right, bottom = min(int(x + radius) + 1, shape[1]), min(int(y + radius) + 1, shape[0])
        dx, dy = np.arange(left, right) + 0.5 - x, np.arange(top, bottom) + 0.5 - y
        inside = 1 - (dx * dx + (dy * dy)[:, None]) / (radius * radius)
        dome = height * (0.55 + 0.45 * np.sqrt(np.maximum(inside, 0)))
        window = np.s_[top:bottom, left:right]
        seen = (inside > 0) & (dome > layers.above[window])
        layers.above[window][seen] = dome[seen]
        layers.material[window][seen] = name
        layers.tone[window][seen] = tone
        layers.parcel[window][seen] = -1


def _close_canopy(layers: Layers) -> None:
    """Gaps between crowns that stand close together are forest, not grass."""
    crowns = np.isin(layers.material, (INDEX['broadleaf'], INDEX['conifer'])).astype(np.uint8)
    side = 2 * round(2.6 / layers.gsd) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(crowns, cv2.MORPH_CLOSE, kernel) > crowns
    gaps = closed & np.isin(COVER[layers.material], (Cover.GRASS, Cover.BARE))
    layers.material[gaps], layers.parcel[gaps], layers.tone[gaps] = INDEX['forest floor'], -1, 0.0
    layers.above[gaps] = 2.0
