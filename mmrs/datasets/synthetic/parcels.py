"""Farmland: blocks between field tracks, cut into long parcels that share a direction; quarries and gravel pits."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely import Polygon, affinity

from mmrs.datasets.synthetic.noise import fractal, stream
from mmrs.datasets.synthetic.trees import forest_field
from mmrs.datasets.synthetic.world import Line, Parcel, Points, Terrain

BLOCK = 330.0  # metres between block centres
USES = ('wheat', 'maize', 'rape', 'beet', 'tilled', 'stubble', 'meadow', 'bare')
SHARES = (0.2, 0.16, 0.07, 0.13, 0.13, 0.09, 0.18, 0.04)


def build_parcels(seed: int, width: float, height: float, terrain: Terrain) -> tuple[list[Parcel], list[Line]]:
    """Lays out the farmland.

    Args:
        seed: Scene seed.
        width: Extent in metres.
        height: Extent in metres.
        terrain: Ground; steep blocks and blocks in the water stay wild.

    Returns:
        Parcels, and the field tracks between the blocks.
    """
    rng = stream(seed, 'parcels')
    forest = forest_field(seed, terrain)
    wild = fractal(stream(seed, 'wild'), terrain.elevation.shape, 700 / terrain.step, 2)
    common = np.cumsum(rng.dirichlet(np.array(SHARES) * 9))  # what this region grows
    parcels: list[Parcel] = []
    tracks: list[Line] = []
    for block in _blocks(rng, width, height):
        centre = np.array([block.centroid.coords[0]])
        farmed = terrain.at(wild, centre)[0] < 0.55 and terrain.at(terrain.slope, centre)[0] < 0.22
        if not farmed or block.area < 5000:
            continue
        if rng.random() < 0.6:
            tracks.append(Line(np.array(block.exterior.coords), float(rng.uniform(2.5, 4.0)), 'track'))
        pieces = _cut(rng, block.buffer(-rng.uniform(2.0, 5.0)), common)
        centres = np.array([piece.ring.mean(0) for piece in pieces]).reshape(-1, 2)
        parcels += [piece for piece, trees in zip(pieces, terrain.at(forest, centres), strict=True) if trees < 0.1]
    return parcels + _pits(rng, width, height), tracks


def _blocks(rng: np.random.Generator, width: float, height: float) -> list[Polygon]:
    columns, rows = (math.ceil(side / BLOCK) + 3 for side in (width, height))
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2) - 1.0
    centres = (grid + rng.uniform(-0.42, 0.42, grid.shape) + 0.5) * BLOCK
    cells = shapely.voronoi_polygons(shapely.multipoints(centres))
    frame = shapely.box(-BLOCK, -BLOCK, width + BLOCK, height + BLOCK)
    return [
        cell
        for cell in shapely.intersection(np.array(cells.geoms), frame)
        if isinstance(cell, Polygon) and not cell.is_empty
    ]


def _cut(rng: np.random.Generator, block: Polygon, common: np.ndarray) -> list[Parcel]:
    """Cuts a block into strips across and parcels along one direction."""
    edges = np.diff(np.array(block.exterior.coords), axis=0)
    longest = edges[np.argmax(np.hypot(*edges.T))]
    angle = float(np.arctan2(longest[1], longest[0]) + rng.normal(0, 0.03))
    flat = affinity.rotate(block, -angle, origin=(0, 0), use_radians=True)
    left, top, right, bottom = flat.bounds
    parcels = []
    v = top
    while v < bottom:
        v_next = v + rng.uniform(35, 110)
        u = left - rng.uniform(0, 150)
        while u < right:
            u_next = u + rng.uniform(90, 260)
            piece = shapely.intersection(flat, shapely.box(u, v, u_next - rng.uniform(0, 2), v_next - 1.0))
            u = u_next
            if isinstance(piece, Polygon) and piece.area > 400:
                ring = np.array(affinity.rotate(piece, angle, origin=(0, 0), use_radians=True).exterior.coords)
                parcels.append(_parcel(rng, ring, common, angle))
        v = v_next
    return parcels


def _parcel(rng: np.random.Generator, ring: Points, common: np.ndarray, angle: float) -> Parcel:
    use = USES[min(int(np.searchsorted(common, rng.random())), len(USES) - 1)]
    turned = angle + (math.pi / 2 if rng.random() < 0.12 else 0.0)
    return Parcel(ring, use, turned, float(rng.uniform(3.0, 7.0)), float(rng.normal(0, 0.6)))


def _pits(rng: np.random.Generator, width: float, height: float) -> list[Parcel]:
    """Quarries, gravel pits and building sites: bare ground with a ragged outline."""
    pits = []
    for _ in range(rng.poisson(1.0 + 2.0 * width * height / 1e6)):
        radius = rng.uniform(25, 85)
        turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        waves = sum(rng.normal(0, 0.28 / k) * np.cos(k * turns + rng.uniform(0, 2 * np.pi)) for k in range(1, 7))
        reach = radius * np.clip(1 + waves, 0.35, 1.8)
        centre = rng.uniform(0, 1, 2) * (width, height)
        ring = centre + reach[:, None] * np.stack([np.cos(turns), np.sin(turns)], -1)
        pits.append(Parcel(ring, 'bare', float(rng.uniform(0, np.pi)), 9.0, float(rng.normal(0, 0.5))))
    return pits
