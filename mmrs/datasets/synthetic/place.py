"""Places objects for detection: tank farms, aprons, car parks, docks, sports grounds, wind parks, traffic."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from mmrs.datasets.synthetic.noise import stream
from mmrs.datasets.synthetic.settlements import CELL, claim
from mmrs.datasets.synthetic.world import Line, Parcel, Thing, rectangle

PER_SQUARE_KILOMETRE = 120.0  # compounds, before those that find no room
TRIALS = 160


@dataclass
class Compound:
    """Ground with objects in coordinates of its own: metres from its centre, turned with it.

    Attributes:
        size: Length and depth in metres.
        ground: Material of the ground.
        things: Objects.
    """

    size: tuple[float, float]
    ground: str
    things: list[Thing] = field(default_factory=list)

    def at(self, centre: tuple[float, float], angle: float) -> list[Thing]:
        """Objects in scene coordinates."""
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.array([[cos, sin], [-sin, cos]])
        return [
            Thing(one.kind, (float(x), float(y)), one.size, one.angle + angle, one.style)
            for one in self.things
            for x, y in [np.array(one.centre) @ turn + np.array(centre)]
        ]


def place_things(
    seed: int, taken: np.ndarray, extent: tuple[float, float], lines: Iterable[Line], kinds: Iterable[str]
) -> tuple[list[Parcel], list[Thing]]:
    """Fills free ground with compounds, and roads and rivers with traffic.

    Args:
        seed: Scene seed.
        taken: Occupancy map, see ``build_settlement``; compounds are added to it.
        extent: Width and height in metres.
        lines: Roads, streets and rivers.
        kinds: Objects that should occur; others may come with them.

    Returns:
        Ground of the compounds, and the objects.
    """
    rng = stream(seed, 'things')
    wanted = set(kinds)
    makers = [make for kind, make in COMPOUNDS if kind in wanted]
    grounds: list[Parcel] = []
    things: list[Thing] = []
    order = rng.permutation(len(makers))
    count = 8 + int(rng.poisson(PER_SQUARE_KILOMETRE * extent[0] * extent[1] / 1e6))
    compounds = [makers[int(order[number % len(order)])](rng) for number in range(count)]
    for compound in sorted(compounds, key=lambda one: -one.size[0] * one.size[1]):  # the large ones need most room
        for _ in range(TRIALS):
            x, y = (float(value) for value in rng.uniform(0.02, 0.98, 2) * extent)
            angle = float(rng.uniform(0, np.pi))
            if claim(taken, rectangle((x, y), compound.size, angle, 3.0)):
                ring = rectangle((x, y), compound.size, angle)
                grounds.append(Parcel(ring, compound.ground, angle, 5.0, float(rng.normal(0, 0.5))))
                things += compound.at((x, y), angle)
                break
    for line in lines:
        things += _traffic(rng, line, taken, extent)
    return grounds, things


def _tanks(rng: np.random.Generator) -> Compound:
    columns, rows, across = int(rng.integers(2, 5)), int(rng.integers(1, 4)), float(rng.uniform(13, 26))
    pitch = across * float(rng.uniform(1.25, 1.6))
    sizes = across * rng.choice([1.0, 1.0, 0.8], columns * rows)
    spots = _grid(columns, rows, pitch, pitch)
    things = [_thing(rng, 'tank', spot, (side, side)) for spot, side in zip(spots, sizes, strict=True)]
    return Compound((columns * pitch + 10, rows * pitch + 10), 'bare', things)


def _courts(rng: np.random.Generator) -> Compound:
    columns, rows, style = int(rng.integers(1, 4)), int(rng.integers(1, 3)), int(rng.integers(60))
    things = [Thing('court', spot, (34.0, 17.0), np.pi / 2, style) for spot in _grid(columns, rows, 20, 38)]
    return Compound((columns * 20 + 6, rows * 38 + 6.0), 'green', things)


def _apron(rng: np.random.Generator) -> Compound:
    count, length = int(rng.integers(1, 4)), float(rng.uniform(20, 36))
    span, facing = length * float(rng.uniform(0.88, 1.05)), float(rng.choice([-1, 1])) * np.pi / 2
    things = [
        _thing(rng, 'plane', spot, (length, span), facing + rng.normal(0, 0.12))
        for spot in _grid(count, 1, span * 1.12, 0)
        if rng.random() < 0.85
    ]
    return Compound((count * span * 1.12 + 12, length + 22), 'concrete', things)


def _lot(kind: str, length: tuple[float, float], width: tuple[float, float], most: int) -> Callable[..., Compound]:
    def make(rng: np.random.Generator) -> Compound:
        columns, rows = int(rng.integers(most // 2, most + 1)), int(rng.integers(1, 4))
        pitch, aisle = width[1] + 1.0, length[1] * 1.7
        things = [
            _thing(rng, kind, spot, (rng.uniform(*length), rng.uniform(*width)), rng.choice([-1, 1]) * np.pi / 2)
            for spot in _grid(columns, rows, pitch, aisle)
            if rng.random() < 0.7
        ]
        return Compound((columns * pitch + 4, rows * aisle + 2), 'yard', things)

    return make


def _docks(rng: np.random.Generator) -> Compound:
    length, depth = float(rng.uniform(60, 100)), float(rng.uniform(52, 76))
    things = [Thing('basin', (0.0, 0.0), (length, depth), 0.0, 0)]
    piers = int(rng.integers(1, 3))
    for number in range(piers):
        x = (number + 0.5) / piers * length - length / 2
        reach = depth * 0.62
        things.append(Thing('pier', (x, (depth - reach) / 2), (reach, 6.0), np.pi / 2, 0))
        for side in (-1, 1):
            along = depth / 2 - 3
            while rng.random() < 0.9:
                ship = float(rng.uniform(15, 34))
                along -= ship + 2
                if along < depth / 2 - reach - 4:
                    break
                size = (ship, ship * float(rng.uniform(0.24, 0.32)))
                spot = (x + side * (3.8 + size[1] / 2), along + ship / 2)
                things.append(_thing(rng, 'ship', spot, size, side * np.pi / 2))
    return Compound((length + 12, depth + 12), 'concrete', things)


def _ground(rng: np.random.Generator) -> Compound:
    length = float(rng.uniform(64, 92))
    return Compound((length + 8, length / 2 + 8), 'green', [_thing(rng, 'pitch', (0.0, 0.0), (length, length / 2))])


def _wind(rng: np.random.Generator) -> Compound:
    count = int(rng.integers(1, 4))
    side, facing = float(rng.uniform(26, 36)), float(rng.uniform(0, np.pi))
    things = [_thing(rng, 'turbine', spot, (side, side), facing) for spot in _grid(count, 1, 55, 0)]
    return Compound((count * 55.0, 46.0), 'meadow', things)


COMPOUNDS: tuple[tuple[str, Callable[[np.random.Generator], Compound]], ...] = (
    ('tank', _tanks),
    ('court', _courts),
    ('plane', _apron),
    ('vehicle', _lot('vehicle', (4.4, 5.4), (1.9, 2.3), 14)),
    ('truck', _lot('truck', (11.0, 16.0), (2.7, 3.1), 9)),
    ('ship', _docks),
    ('pier', _docks),
    ('pitch', _ground),
    ('turbine', _wind),
)


def _thing(
    rng: np.random.Generator, kind: str, centre: tuple[float, float], size: tuple[float, float], angle: float = 0.0
) -> Thing:
    return Thing(kind, centre, (float(size[0]), float(size[1])), float(angle), int(rng.integers(60)))


def _grid(columns: int, rows: int, across: float, down: float) -> list[tuple[float, float]]:
    return [
        ((column - (columns - 1) / 2) * across, (row - (rows - 1) / 2) * down)
        for row in range(rows)
        for column in range(columns)
    ]


def _traffic(rng: np.random.Generator, line: Line, taken: np.ndarray, extent: tuple[float, float]) -> list[Thing]:
    """Cars and lorries on the right-hand lane of roads, ships on wide rivers."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line.points, axis=0).T))])
    on_water, gap = line.kind == 'river', {'main': 70.0, 'street': 100.0, 'river': 70.0}.get(line.kind, 0.0)
    if not gap or (on_water and line.width < 14):
        return []
    things = []
    where = float(rng.uniform(0, gap))
    while where + 6 < lengths[-1]:
        point = np.array([np.interp(where, lengths, axis) for axis in line.points.T])
        ahead = np.array([np.interp(where + 4, lengths, axis) for axis in line.points.T]) - point
        angle = float(np.arctan2(*ahead[::-1])) + (np.pi if rng.random() < 0.5 else 0.0)
        lane = np.array([-np.sin(angle), np.cos(angle)]) * line.width / 4
        length, kind = float(rng.uniform(4.4, 5.4)), 'vehicle'
        if on_water:
            length, kind = float(rng.uniform(1.0, 1.6)) * line.width, 'ship'
        elif rng.random() < 0.25:
            length, kind = float(rng.uniform(9, 15)), 'truck'
        width = length * 0.26 if on_water else 2.1 if kind == 'vehicle' else 2.8
        centre = point + lane
        thing = _thing(rng, kind, (float(centre[0]), float(centre[1])), (length, width), angle)
        inside = (centre > length).all() and (centre < np.array(extent) - length).all()
        if inside and (not on_water or _afloat(thing, taken)):
            things.append(thing)
        where += length + float(rng.exponential(gap))
    return things


def _afloat(ship: Thing, taken: np.ndarray) -> bool:
    """Whether there is water under a ship from bow to stern, and no bridge above it."""
    columns, rows = (rectangle(ship.centre, ship.size, ship.angle, 2.0) / CELL).astype(int).T
    return bool((taken[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] == 2).all())
