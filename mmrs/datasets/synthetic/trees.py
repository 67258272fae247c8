"""Trees: forests, hedges along tracks, galleries along rivers, gardens."""

from __future__ import annotations

import numpy as np

from mmrs.datasets.synthetic.noise import Field, enlarge, fractal, stream
from mmrs.datasets.synthetic.settlements import CELL
from mmrs.datasets.synthetic.world import Building, Line, Points, Terrain, Trees

SPACING = 5.2  # metres between crowns in a forest


def forest_field(seed: int, terrain: Terrain) -> Field:
    """Where forest grows: (h, w) on the terrain grid, forest where > 0. Slopes carry more of it."""
    shape = terrain.elevation.shape
    rng = stream(seed, 'forest')
    patches = fractal(rng, shape, 520 / terrain.step, 4, 0.5)
    field = patches + 4.0 * np.minimum(terrain.slope, 0.4) - rng.uniform(0.55, 1.1)
    return field.astype(np.float32)


def build_trees(
    seed: int,
    extent: tuple[float, float],
    terrain: Terrain,
    farmed: np.ndarray,
    lines: list[Line],
    buildings: list[Building],
) -> Trees:
    """Plants the trees.

    Args:
        seed: Scene seed.
        extent: Width and height of the scene in metres.
        terrain: Ground.
        farmed: (h, w) uint8 map at the occupancy map's cell size, 1 where forest was cleared.
        lines: Rivers, roads and tracks to line with trees.
        buildings: Houses to plant gardens around.
    """
    rng = stream(seed, 'trees')
    width, height = extent
    forest = _forest(rng, width, height, terrain, forest_field(seed, terrain))
    cells = np.minimum((forest / CELL).astype(int), np.array(farmed.shape)[::-1] - 1)
    forest = forest[farmed[cells[:, 1], cells[:, 0]] == 0]
    rows = [_row(rng, line) for line in lines]
    gardens = [np.array(house.centre) + rng.normal(0, 13, (rng.poisson(1.6), 2)) for house in buildings]
    meadows = rng.uniform(0, 1, (rng.poisson(25 * width * height / 1e6), 2)) * (width, height)
    loose = np.concatenate([*rows, *gardens, meadows])
    points = np.concatenate([forest, loose])
    inside = (points > 0).all(1) & (points < (width, height)).all(1)
    in_forest = (np.arange(len(points)) < len(forest))[inside]
    points = points[inside]
    stands = terrain.at(fractal(rng, terrain.elevation.shape, 300 / terrain.step, 2), points)
    conifer = (stands + rng.normal(0, 0.25, len(points)) > 0.35) & in_forest
    radius = np.where(conifer, rng.uniform(1.8, 3.2, len(points)), rng.uniform(2.2, 4.8, len(points)))
    tall = np.where(in_forest, rng.uniform(11, 20, len(points)), rng.uniform(4, 11, len(points)))
    return Trees(points, radius, tall, conifer)


def _forest(rng: np.random.Generator, width: float, height: float, terrain: Terrain, field: Field) -> Points:
    columns, rows = (int(side / SPACING) + 1 for side in (width, height))
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2) + 0.5
    points = (grid + rng.uniform(-0.45, 0.45, grid.shape)) * SPACING
    fine = enlarge(field, terrain.step / SPACING, (rows, columns)).reshape(-1)
    return points[fine + rng.normal(0, 0.05, len(points)) > 0.03]


def _row(rng: np.random.Generator, line: Line) -> Points:
    """Trees beside a line: dense galleries at rivers, gappy hedges at tracks, some avenues."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line.points, axis=0).T))])
    gap, share, spread = {'river': (5.0, 0.55, 5.0), 'track': (6.0, 0.6, 0.8)}.get(line.kind, (11.0, 0.35, 0.5))
    where = np.arange(gap, lengths[-1], gap)
    if line.kind != 'river' and rng.random() > 0.4:
        return np.empty((0, 2))
    knots = np.arange(0, lengths[-1] + 60, 60)
    thick = np.interp(where, knots, rng.random(len(knots)))
    where = where[thick < share]
    spots = np.stack([np.interp(where, lengths, axis) for axis in line.points.T], -1)
    ahead = np.stack([np.interp(where + 1, lengths, axis) for axis in line.points.T], -1) - spots
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], -1) / np.maximum(np.hypot(*ahead.T), 1e-6)[:, None]
    side = rng.choice([-1.0, 1.0], len(where)) if line.kind == 'river' else np.full(len(where), rng.choice([-1.0, 1.0]))
    offset = line.width / 2 + 3.0 + np.abs(rng.normal(0, spread, len(where)))
    return spots + normal * (side * offset)[:, None]
