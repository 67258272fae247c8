"""Road network: settlements and scene edges joined by the cheapest ways over the ground."""

from __future__ import annotations

import cv2
import numpy as np

from mmrs.datasets.synthetic.noise import stream
from mmrs.datasets.synthetic.settlements import Settlement
from mmrs.datasets.synthetic.terrain import STEP, edge_cell, route
from mmrs.datasets.synthetic.world import Line, Terrain


def build_roads(seed: int, terrain: Terrain, sites: list[Settlement]) -> list[Line]:
    """Routes the main roads.

    Slopes and water cost more, ground that already carries a road costs less, so that roads follow valleys, share
    stretches and cross rivers by few bridges.

    Args:
        seed: Scene seed.
        terrain: Ground.
        sites: Settlements to join.

    Returns:
        Roads, the later ones branching off the earlier ones.
    """
    rng = stream(seed, 'roads')
    shape = terrain.elevation.shape
    cost = 1 + 25 * terrain.slope + 12.0 * (terrain.depth > -0.3)
    for river in terrain.rivers:
        _paint(cost, river, 6.0)
    cost[[0, 1, -2, -1]] += 4.0  # no roads along the edge of the scene
    cost[:, [0, 1, -2, -1]] += 4.0
    roads = []
    for start, end in _legs(rng, shape, sites):
        if start == end:
            continue
        road = Line(route(cost, start, end, smooth=3.0), float(rng.uniform(7.0, 10.5)), 'main')
        roads.append(road)
        canvas = np.zeros(shape, np.uint8)
        cv2.polylines(canvas, [_cells(road)], False, 1)
        cost[canvas > 0] = np.minimum(cost[canvas > 0], 0.3)
    return roads


def _legs(
    rng: np.random.Generator, shape: tuple[int, ...], sites: list[Settlement]
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Pairs of cells to join: edge to settlement to edge, and every settlement to its nearest earlier one."""
    side = int(rng.integers(4))
    stops = [edge_cell(rng, shape, side), edge_cell(rng, shape, (side + 2) % 4), edge_cell(rng, shape, (side + 1) % 4)]
    hubs = [_cell(site, shape) for site in sites]
    legs = [(stops[0], hubs[0]), (hubs[0], stops[1])] if hubs else [(stops[0], stops[1])]
    for index in range(1, len(hubs)):
        nearest = min(range(index), key=lambda other: float(np.hypot(*np.subtract(hubs[other], hubs[index]))))
        legs.append((hubs[index], hubs[nearest]))
    if hubs:
        legs.append((hubs[-1], stops[2]))
    return legs


def _cell(site: Settlement, shape: tuple[int, ...]) -> tuple[int, int]:
    column, row = (int(value / STEP) for value in site.centre)
    return min(row, shape[0] - 1), min(column, shape[1] - 1)


def _cells(line: Line) -> np.ndarray:
    return np.round(line.points / STEP - 0.5).astype(np.int32)


def _paint(cost: np.ndarray, line: Line, value: float) -> None:
    canvas = np.zeros(cost.shape, np.uint8)
    cv2.polylines(canvas, [_cells(line)], False, 1, max(1, round(line.width / STEP)))
    cost[canvas > 0] += value
