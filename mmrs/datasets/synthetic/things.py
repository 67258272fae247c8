"""Shapes of the objects that detection looks for: outlines, materials and heights of their parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmrs.datasets.synthetic.world import Points


@dataclass(frozen=True)
class Part:
    """Piece of an object, seen from above.

    Attributes:
        outline: (N, 2) in shares of the object's length and width, from its centre.
        materials: Names; each object has one of them.
        height: Top above ground in metres.
    """

    outline: Points
    materials: tuple[str, ...]
    height: float = 0.0


def _box(left: float, top: float, right: float, bottom: float) -> Points:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _disc(radius: float, corners: int = 24) -> Points:
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return radius * np.stack([np.cos(turns), np.sin(turns)], -1)


def _oval(shrink: float) -> Points:
    """Running track: two straights of a length joined by half circles, for an object twice as long as wide."""
    turns = np.linspace(-np.pi / 2, np.pi / 2, 12)
    bend = (0.5 - shrink) * np.stack([np.cos(turns) / 2, np.sin(turns)], -1)
    return np.concatenate([bend + (0.25, 0), -bend - (0.25, 0)])


def _mirrored(outline: list[tuple[float, float]]) -> list[Points]:
    points = np.array(outline)
    return [points, points * (1, -1)]


STERN = [[-0.47, 0.5], [-0.5, 0.4], [-0.5, -0.4], [-0.47, -0.5]]
BOW = [[0.2, -0.5], [0.4, -0.28], [0.5, 0], [0.4, 0.28], [0.2, 0.5]]
HULL = np.array(STERN + BOW)
PAINTS = ('white paint', 'silver paint', 'black paint', 'red paint', 'blue paint')
WHITE, LINES, LINE = ('white paint',), ('line paint',), 0.012
BODY = np.array(
    [[-0.5, -0.4], [-0.46, -0.5], [0.42, -0.5], [0.5, -0.3], [0.5, 0.3], [0.42, 0.5], [-0.46, 0.5], [-0.5, 0.4]]
)
WING = [(0.12, 0.02), (-0.10, 0.5), (-0.17, 0.5), (-0.07, 0.02)]
TAIL = [(-0.38, 0.01), (-0.47, 0.17), (-0.5, 0.17), (-0.47, 0.01)]
BLADE = np.array([[0.0, -0.025], [0.5, -0.012], [0.5, 0.012], [0.0, 0.025]])

KINDS: dict[str, tuple[Part, ...]] = {
    'ship': (
        Part(HULL, ('red paint', 'black paint', 'blue paint', 'silver paint'), 2),
        Part(HULL * (0.93, 0.74), ('deck', 'deck', 'silver paint', 'green court'), 2.4),
        Part(_box(-0.42, -0.36, -0.27, 0.36), WHITE, 5),
        Part(_box(-0.15, -0.2, -0.05, 0.2), ('silver paint', 'red paint'), 3),
        Part(_box(0.06, -0.2, 0.16, 0.2), ('silver paint', 'blue paint'), 3),
    ),
    'vehicle': (Part(BODY, PAINTS, 1.2), Part(_box(0.08, -0.42, 0.24, 0.42), ('glass',), 1.2)),
    'truck': (
        Part(_box(-0.5, -0.5, 0.3, 0.5), ('white paint', 'silver paint', 'blue paint', 'red paint'), 2.6),
        Part(_box(0.34, -0.46, 0.5, 0.46), PAINTS, 2.2),
    ),
    'tank': (
        Part(_disc(0.5), ('silver paint', 'rust'), 5),
        Part(_disc(0.46), ('white paint', 'white paint', 'rust'), 5.3),
        Part(_disc(0.05, 8), ('silver paint',), 5.6),
    ),
    'court': (
        Part(_box(-0.5, -0.5, 0.5, 0.5), ('green court', 'clay', 'blue court')),
        Part(_box(-0.36, -0.33, 0.36, 0.33), ('blue court', 'clay', 'green court')),
        *(Part(_box(x - LINE, -0.33, x + LINE, 0.33), LINES) for x in (-0.36, 0.0, 0.36)),
        *(Part(_box(-0.36, y - LINE, 0.36, y + LINE), LINES) for y in (-0.33, 0.33)),
    ),
    'plane': (
        *(Part(outline, WHITE, 4) for outline in _mirrored(WING) + _mirrored(TAIL)),
        *(Part(_box(-0.03, y - 0.025, 0.07, y + 0.025), ('silver paint',), 3) for y in (-0.2, 0.2)),
        Part(
            np.array([[-0.5, -0.01], [-0.3, -0.06], [0.4, -0.06], [0.5, 0], [0.4, 0.06], [-0.3, 0.06], [-0.5, 0.01]]),
            WHITE,
            5.5,
        ),
    ),  # fmt: skip
    'pitch': (
        Part(_oval(0.0), ('tartan',)),
        Part(_oval(0.13), ('turf',)),
        Part(_box(-LINE / 2, -0.37, LINE / 2, 0.37), LINES),
    ),
    'turbine': (
        *(
            Part(BLADE @ np.array([[c, s], [-s, c]]), WHITE, 6)
            for c, s in ((np.cos(turn), np.sin(turn)) for turn in (0.5, 2.594, 4.689))
        ),
        Part(_disc(0.07, 12), WHITE, 22),
    ),  # fmt: skip
    'pier': (Part(_box(-0.5, -0.5, 0.5, 0.5), ('concrete',), 1.5),),
    'basin': (Part(_box(-0.5, -0.5, 0.5, 0.5), ('water',)),),
}
