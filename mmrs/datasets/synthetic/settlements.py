"""Villages and industrial estates: a street grid turned to the ground, with buildings along the streets."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mmrs.datasets.synthetic.noise import stream
from mmrs.datasets.synthetic.world import Building, Line, Parcel, Points, Terrain

CELL = 2.0  # metres per cell of the occupancy map


@dataclass(frozen=True)
class Settlement:
    """Place where people live or work: centre and radius in metres, direction of its streets, kind."""

    centre: Points
    radius: float
    angle: float
    industrial: bool

    def to_world(self, local: Points) -> Points:
        """Turns (N, 2) street coordinates into scene coordinates."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return local @ np.array([[cos, sin], [-sin, cos]]) + self.centre


def find_sites(seed: int, width: float, height: float, terrain: Terrain) -> list[Settlement]:
    """Chooses flat, dry places that keep their distance from each other.

    Args:
        seed: Scene seed.
        width: Extent in metres.
        height: Extent in metres.
        terrain: Ground.
    """
    rng = stream(seed, 'sites')
    sites: list[Settlement] = []
    for number in range(1 + int(rng.poisson(2.2 * width * height / 1e6))):
        trials = rng.uniform(0.05, 0.95, (24, 2)) * (width, height)
        wet = terrain.at(terrain.depth, trials) > -0.5
        near = [np.hypot(*(trials - site.centre).T) < site.radius + 260 for site in sites]
        penalty = terrain.at(terrain.slope, trials) + 10.0 * wet + 5.0 * np.any(near, axis=0) * bool(near)
        best = int(np.argmin(penalty))
        if penalty[best] > 4:
            continue
        industrial = number > 0 and rng.random() < 0.3
        radius = float(rng.uniform(80, 170 if industrial else 260))
        sites.append(Settlement(trials[best], radius, float(rng.uniform(0, np.pi)), industrial))
    return sites


def build_settlement(
    seed: int, number: int, site: Settlement, taken: np.ndarray
) -> tuple[list[Parcel], list[Line], list[Building]]:
    """Fills a site with ground, streets and buildings.

    Args:
        seed: Scene seed.
        number: Index of the site.
        site: Where.
        taken: (h, w) uint8 occupancy map at ``CELL`` metres, 1 where water or a road lies; buildings are added to it.
    """
    rng = stream(seed, f'settlement {number}')
    streets = _streets(rng, site, taken)
    for street in streets:
        occupy(taken, street)
    buildings: list[Building] = []
    colours = rng.dirichlet([1.2, 1.0, 0.6, 0.35])
    for street in streets:
        buildings += _along(rng, site, street, taken, colours)
    ground = [_ground(building, site, rng) for building in buildings]
    return ground, streets, buildings


def occupy(taken: np.ndarray, line: Line) -> None:
    """Marks a road or river in the occupancy map."""
    thickness = max(1, round((line.width + 2) / CELL))
    cv2.polylines(taken, [np.round(line.points / CELL - 0.5).astype(np.int32)], False, 1, thickness)


def _streets(rng: np.random.Generator, site: Settlement, taken: np.ndarray) -> list[Line]:
    across, along = (130.0, 170.0) if site.industrial else (rng.uniform(52, 72), rng.uniform(90, 150))
    width = 8.0 if site.industrial else 6.0
    lines = []
    for spacing, turned in ((across, False), (along, True)):
        for offset in np.arange(-site.radius + 20, site.radius, spacing):
            half = np.sqrt(max(site.radius**2 - offset**2, 0)) * rng.uniform(0.6, 1.12)
            if half < 35:
                continue
            steps = np.arange(-half, half, 6.0)
            local = np.stack([steps, offset + 2.5 * np.sin(steps / 70 + offset)], -1)
            points = site.to_world(local[:, ::-1] if turned else local)
            lines += [Line(run, width, 'street') for run in _dry_runs(points, taken)]
    return lines


def _dry_runs(points: Points, taken: np.ndarray) -> list[Points]:
    """Splits a street where it would run into water (2 in the map)."""
    cells = np.clip((points / CELL).astype(int), 0, np.array(taken.shape)[::-1] - 1)
    wet = taken[cells[:, 1], cells[:, 0]] == 2
    runs = np.split(points, np.flatnonzero(np.diff(wet.astype(int))) + 1)
    first_wet = bool(wet[0])
    return [run for index, run in enumerate(runs) if (index % 2 == 1) == first_wet and len(run) > 5]


def _along(
    rng: np.random.Generator, site: Settlement, street: Line, taken: np.ndarray, colours: np.ndarray
) -> list[Building]:
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(street.points, axis=0).T))])
    placed = []
    for side in (-1, 1):
        position = rng.uniform(4, 14)
        while position < lengths[-1]:
            point = np.array([np.interp(position, lengths, axis) for axis in street.points.T])
            ahead = np.array([np.interp(position + 3, lengths, axis) for axis in street.points.T])
            direction = float(np.arctan2(*(ahead - point)[::-1])) if position + 3 < lengths[-1] else site.angle
            building = _building(rng, site, point, direction, side * street.width / 2, colours)
            position += building.size[0] + (rng.uniform(10, 22) if site.industrial else rng.uniform(2, 9))
            crowded = np.hypot(*(point - site.centre)) / site.radius
            if rng.random() > 0.2 * crowded**2 and claim(taken, building.ring(1.5)):
                placed.append(building)
    return placed


def _building(
    rng: np.random.Generator, site: Settlement, point: Points, direction: float, kerb: float, colours: np.ndarray
) -> Building:
    if site.industrial:
        size = (float(rng.uniform(25, 70)), float(rng.uniform(18, 40)))
        height, roof, colour = float(rng.uniform(5, 11)), 'flat', int(rng.choice([3, 4, 4, 5]))
    else:
        size = (float(rng.uniform(10, 22)), float(rng.uniform(8.5, 12.5)))
        flat = rng.random() < 0.15
        height = float(rng.uniform(3, 7) + 5 * (rng.random() < 0.06))
        roof, colour = ('flat', int(rng.choice([3, 4]))) if flat else ('gable', int(rng.choice(4, p=colours)))
    setback = abs(kerb) + rng.uniform(3, 8) + size[1] / 2 + (6 if site.industrial else 0)
    normal = np.array([-np.sin(direction), np.cos(direction)]) * np.sign(kerb)
    centre = point + normal * setback
    if not site.industrial and rng.random() < 0.3:
        direction += np.pi / 2
    return Building((float(centre[0]), float(centre[1])), size, direction, height, roof, colour)


def claim(taken: np.ndarray, outline: Points) -> bool:
    """Takes ground for a building or a compound if it is free and inside the scene.

    Args:
        taken: Occupancy map, changed.
        outline: (N, 2) convex outline in metres.
    """
    ring = np.round(outline / CELL - 0.5).astype(np.int32)
    low, high = ring.min(0), ring.max(0) + 1
    if (low < 0).any() or high[0] > taken.shape[1] or high[1] > taken.shape[0]:
        return False
    window = taken[low[1] : high[1], low[0] : high[0]]
    footprint = np.zeros(window.shape, np.uint8)
    cv2.fillConvexPoly(footprint, ring - low, 1)
    if (window[footprint > 0] > 0).any():
        return False
    window[footprint > 0] = 3
    return True


def _ground(building: Building, site: Settlement, rng: np.random.Generator) -> Parcel:
    """Plot around a building: a paved yard at a hall, a garden at a house."""
    use = 'yard' if site.industrial else 'garden'
    return Parcel(building.ring(12.0 if site.industrial else 9.0), use, building.angle, 5.0, float(rng.normal(0, 0.5)))
