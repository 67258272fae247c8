"""Builds the world of a scene: ground first, then what people and plants do to it."""

from __future__ import annotations

import math
from collections.abc import Collection

import cv2
import numpy as np
from scipy.spatial import cKDTree

from mmrs.datasets.synthetic.noise import enlarge
from mmrs.datasets.synthetic.parcels import build_parcels
from mmrs.datasets.synthetic.place import place_things
from mmrs.datasets.synthetic.roads import build_roads
from mmrs.datasets.synthetic.settlements import CELL, Settlement, build_settlement, find_sites, occupy
from mmrs.datasets.synthetic.terrain import build_terrain
from mmrs.datasets.synthetic.trees import build_trees
from mmrs.datasets.synthetic.world import Building, Line, Parcel, Points, Terrain, Thing, Trees, World


def build_world(seed: int, width: float, height: float, kinds: Collection[str] = ()) -> World:
    """Builds a landscape.

    Args:
        seed: Scene seed, >= 0. The same seed and extent give the same world.
        width: Extent to the east in metres.
        height: Extent to the south in metres.
        kinds: Objects for detection that should stand in it, see :data:`mmrs.datasets.synthetic.things.KINDS`.
    """
    terrain = build_terrain(seed, width, height)
    sites = find_sites(seed, width, height, terrain)
    roads = build_roads(seed, terrain, sites)
    parcels, tracks = build_parcels(seed, width, height, terrain)
    taken = _occupancy(width, height, terrain)
    for line in roads:
        occupy(taken, line)
    streets: list[Line] = []
    buildings: list[Building] = []
    for number, site in enumerate(sites):
        plots, lanes, houses = build_settlement(seed, number, site, taken)
        parcels.append(_common(site))
        parcels += plots
        streets += lanes
        buildings += houses
    things: list[Thing] = []
    if kinds:
        lines = [*roads, *streets, *terrain.rivers]
        grounds, things = place_things(seed, taken, (width, height), lines, kinds)
        parcels += grounds
    tracks = [line for track in tracks for line in _outside(track, sites, terrain)]
    trees = build_trees(
        seed, (width, height), terrain, _farmed(parcels, taken.shape), [*terrain.rivers, *tracks, *roads], buildings
    )
    lines = [*tracks, *streets, *roads]
    return World(seed, width, height, terrain, parcels, lines, buildings, _clear(trees, taken, tracks), things)


def _occupancy(width: float, height: float, terrain: Terrain) -> np.ndarray:
    shape = (math.ceil(height / CELL) + 1, math.ceil(width / CELL) + 1)
    depth = enlarge(terrain.depth, terrain.step / CELL, shape)
    taken = np.where(depth > -0.2, np.uint8(2), np.uint8(0))
    for river in terrain.rivers:
        thickness = round((river.width + 8) / CELL)
        cv2.polylines(taken, [np.round(river.points / CELL - 0.5).astype(np.int32)], False, 2, thickness)
    return taken


def _farmed(parcels: list[Parcel], shape: tuple[int, ...]) -> np.ndarray:
    """Map at ``CELL`` metres of the land that is in use: no forest there."""
    farmed = np.zeros(shape, np.uint8)
    for parcel in parcels:
        cv2.fillPoly(farmed, [np.round(parcel.ring / CELL - 0.5).astype(np.int32)], 1)
    return farmed


def _common(site: Settlement) -> Parcel:
    """Ground between the plots of a settlement: farmland and forest end at its edge."""
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    reach = 16 + site.radius * (1 + 0.10 * np.sin(2 * turns + 5 * site.angle) + 0.09 * np.cos(5 * turns + site.radius))
    ring = site.centre + reach[:, None] * np.stack([np.cos(turns), np.sin(turns)], -1)
    return Parcel(ring, 'green', site.angle, 5.0, 0.0)


def _outside(track: Line, sites: list[Settlement], terrain: Terrain) -> list[Line]:
    """Cuts a track where it would run through a settlement or a lake."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(track.points, axis=0).T))])
    where = np.arange(0, lengths[-1], 8.0)
    points = np.stack([np.interp(where, lengths, axis) for axis in track.points.T], -1)
    free = terrain.at(terrain.depth, points) < -0.3
    for river in terrain.rivers:
        free &= _away(points, river.points) > river.width / 2 + 6
    for site in sites:
        free &= np.hypot(*(points - site.centre).T) > site.radius + 8
    runs = np.split(points, np.flatnonzero(np.diff(free.astype(int))) + 1)
    keep = [run for index, run in enumerate(runs) if (index % 2 == 0) == bool(free[0])]
    return [Line(run, track.width, track.kind) for run in keep if len(run) > 2]


def _away(points: Points, others: Points) -> np.ndarray:
    """Distance of each point to the nearest of the others."""
    return np.asarray(cKDTree(others).query(points)[0])


def _clear(trees: Trees, taken: np.ndarray, tracks: list[Line]) -> Trees:
    """Fells the trees that stand on roads, buildings or in the water."""
    blocked = taken.copy()
    for track in tracks:
        occupy(blocked, track)
    cells = (trees.points / CELL).astype(int)
    keep = blocked[cells[:, 1], cells[:, 0]] == 0
    return Trees(trees.points[keep], trees.radius[keep], trees.height[keep], trees.conifer[keep])
