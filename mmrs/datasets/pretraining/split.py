"""Training or validation by place: no ground is in both, whichever scenes show it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from hashlib import blake2b

EARTH_RADIUS = 6_371_008.8  # metres; blocks need not be exact, only the same for every scene
Block = tuple[int, int] | str


def blocks_touched(longitudes: Sequence[float], latitudes: Sequence[float], side: float) -> set[Block]:
    """Blocks of ground that a footprint touches.

    Blocks lie in rows of equal latitude; each row is divided into a whole number of blocks of about equal width, so
    that they are the same for every scene and coordinate reference system, also across the antimeridian.

    Args:
        longitudes: Of the footprint's corners, degrees.
        latitudes: Likewise.
        side: Of a block in metres.

    Returns:
        (row, column) of each block.
    """
    height = math.degrees(side / EARTH_RADIUS)
    west, east = min(longitudes), max(longitudes)
    if east - west > 180:  # across the antimeridian
        moved = [longitude % 360 for longitude in longitudes]
        west, east = min(moved), max(moved)
    touched: set[Block] = set()
    for row in range(math.floor(min(latitudes) / height), math.floor(max(latitudes) / height) + 1):
        middle = max(-89.9, min(89.9, (row + 0.5) * height))
        count = max(1, round(360 / height * math.cos(math.radians(middle))))
        first, last = (math.floor(longitude / 360 * count) for longitude in (west, east))
        touched.update((row, column % count) for column in range(first, last + 1))
    return touched


def split_of(blocks: Iterable[Block], val_share: float, seed: int) -> str | None:
    """Split of a patch.

    Args:
        blocks: Blocks that it touches; where its place is unknown, a name for the ground that its scene shows.
        val_share: Share of all blocks that is for validation.
        seed: Of the draw.

    Returns:
        ``'train'``, ``'val'``, or None where it touches blocks of both: such a patch would leak.
    """
    found = {'val' if _draw(block, seed) < val_share else 'train' for block in blocks}
    return found.pop() if len(found) == 1 else None


def _draw(block: Block, seed: int) -> float:
    """A number from 0 to 1 that depends on nothing but the block and the seed."""
    digest = blake2b(f'{seed} {block}'.encode(), digest_size=8).digest()
    return int.from_bytes(digest, 'big') / 2**64
