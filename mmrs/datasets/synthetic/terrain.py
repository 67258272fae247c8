"""Terrain: hills by fractal noise, rivers along the low ground, lakes in the hollows."""

from __future__ import annotations

import math

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d
from skimage.graph import MCP_Geometric

from mmrs.datasets.synthetic.noise import Field, fractal, stream
from mmrs.datasets.synthetic.world import Line, Points, Terrain

STEP = 8.0  # metres per cell of the coarse grids
RELIEF = 45.0  # standard deviation of the hills in metres


def build_terrain(seed: int, width: float, height: float) -> Terrain:
    """Builds the ground of a scene.

    Args:
        seed: Scene seed.
        width: Extent in metres.
        height: Extent in metres.
    """
    rng = stream(seed, 'terrain')
    shape = (math.ceil(height / STEP) + 1, math.ceil(width / STEP) + 1)
    elevation = RELIEF * fractal(rng, shape, 900 / STEP, octaves=5, gain=0.42)
    rivers = _rivers(seed, elevation)
    for river in rivers:
        # A valley floor two to three river widths wide, then the old hills again after about 300 m.
        away = _distance(shape, river.points)
        lowest = float(np.quantile(elevation, 0.03))
        elevation = lowest + (elevation - lowest) * (1 - np.exp(-((away / 300) ** 2))) - 4 * np.exp(-away / 30)
    level = np.quantile(elevation, rng.uniform(0.0, 0.07))
    depth = (level - elevation) * 0.3
    rise, run = np.gradient(elevation, STEP)
    return Terrain(STEP, elevation.astype(np.float32), depth.astype(np.float32), np.hypot(rise, run), rivers)


def route(cost: Field, start: tuple[int, int], end: tuple[int, int], smooth: float = 4.0) -> Points:
    """Finds the cheapest way over a coarse grid.

    Args:
        cost: (h, w) cost of crossing a cell, > 0.
        start: Row and column.
        end: Row and column.
        smooth: Standard deviation of the smoothing along the way, in cells.

    Returns:
        (N, 2) points in metres, both ends kept.
    """
    search = MCP_Geometric(cost)
    search.find_costs([start], [end])
    cells = np.array(search.traceback(end), float)[:, ::-1]
    way = gaussian_filter1d(cells, smooth, axis=0, mode='nearest') if len(cells) > 2 else cells
    way[0], way[-1] = cells[0], cells[-1]
    return (way + 0.5) * STEP


def edge_cell(rng: np.random.Generator, shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Picks a cell on side 0 north, 1 east, 2 south or 3 west, away from the corners."""
    rows, columns = shape
    along = rng.uniform(0.15, 0.85)
    return [
        (0, int(along * columns)),
        (int(along * rows), columns - 1),
        (rows - 1, int(along * columns)),
        (int(along * rows), 0),
    ][side]


def _rivers(seed: int, elevation: Field) -> list[Line]:
    rng = stream(seed, 'rivers')
    area = elevation.size * STEP**2 / 1e6  # square kilometres
    rivers = []
    for _ in range(int(rng.random() < 0.75) + int(area / 12)):
        side = int(rng.integers(4))
        start = edge_cell(rng, elevation.shape, side)
        end = edge_cell(rng, elevation.shape, (side + 2 + int(rng.integers(-1, 2)) * int(rng.random() < 0.3)) % 4)
        low = np.exp(elevation / RELIEF * 1.6) + 0.05
        points = route(low * np.exp(0.9 * fractal(rng, elevation.shape, 10, 2)), start, end)
        width = float(rng.uniform(9, 22) * (1 + min(area, 8) / 8))
        rivers.append(Line(points, width, 'river'))
    return rivers


def _distance(shape: tuple[int, ...], points: Points) -> Field:
    """Distance of every cell from a line in metres."""
    canvas = np.ones(shape, np.uint8)
    cv2.polylines(canvas, [np.round(points / STEP - 0.5).astype(np.int32)], False, 0)
    return cv2.distanceTransform(canvas, cv2.DIST_L2, 5) * STEP
