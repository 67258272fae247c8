"""Tiles of a scene, and the groups of them that are read at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rasterio.windows import Window

from mmrs.geo.grid import flush_starts

GROUP_WIDTH, GROUP_HEIGHT = 4096, 2048  # pixels that one task reads at once, about


@dataclass(frozen=True)
class Tile:
    """Place of a patch.

    Attributes:
        number: Its place in the order of all tiles of the scene, row by row; dropped ones are counted too.
        top: First row.
        left: First column.
    """

    number: int
    top: int
    left: int


def plan_tiles(height: int, width: int, tile: int, block_width: int = 1) -> list[list[Tile]]:
    """Groups the tiles of a scene so that its file is read about once.

    Tiles follow each other without a gap; the last of an axis is flush with the far edge (MaRS specification, section
    3.2). It overlaps the one before, so both are in one group. Where the file keeps whole rows together, a group takes
    whole rows.

    Args:
        height: Rows of the scene.
        width: Columns.
        tile: Side of a tile in pixels.
        block_width: Columns that the file stores together.

    Returns:
        Groups of tiles, in the order of their first tile.
    """
    tops, lefts = flush_starts(height, tile, tile), flush_starts(width, tile, tile)
    group_width = max(GROUP_WIDTH, block_width)
    across, down = max(1, group_width // tile), max(1, GROUP_WIDTH * GROUP_HEIGHT // group_width // tile)
    rows, columns = _grouped(len(tops), height, tile, down), _grouped(len(lefts), width, tile, across)
    return [
        [Tile(row * len(lefts) + column, tops[row], lefts[column]) for row in group for column in side]
        for group in rows
        for side in columns
    ]


def _grouped(count: int, length: int, tile: int, size: int) -> list[range]:
    """Indices of tiles along an axis in groups; a last tile that overlaps another goes with it."""
    groups = [range(first, min(first + size, count)) for first in range(0, count, size)]
    if len(groups) > 1 and len(groups[-1]) == 1 and length % tile:
        groups[-2:] = [range(groups[-2].start, count)]
    return groups


def extent(tiles: Sequence[Tile], tile: int, height: int, width: int) -> Window:
    """Window that holds a group of tiles, within the scene.

    Args:
        tiles: The group.
        tile: Side of a tile in pixels.
        height: Rows of the scene.
        width: Columns.
    """
    top, left = min(item.top for item in tiles), min(item.left for item in tiles)
    bottom = min(height, max(item.top for item in tiles) + tile)
    right = min(width, max(item.left for item in tiles) + tile)
    return Window(left, top, right - left, bottom - top)
