"""Land-cover classes of the synthetic scenes: the index in every mask, the name and the display colour."""

from __future__ import annotations

from enum import IntEnum


class Cover(IntEnum):
    """Class indices of the land-cover masks. There is no "other": every pixel has a cover."""

    WATER = 0
    TREES = 1
    GRASS = 2
    CROPS = 3
    BARE = 4
    ROAD = 5
    BUILDING = 6


CLASSES: tuple[str, ...] = tuple(cover.name.lower() for cover in Cover)
PALETTE: tuple[tuple[int, int, int], ...] = (
    (52, 120, 186),
    (38, 107, 56),
    (157, 201, 103),
    (235, 208, 108),
    (176, 137, 104),
    (92, 92, 98),
    (208, 64, 56),
)
