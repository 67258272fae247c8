"""Overlapping tiles over a raster, in the order in which rows become final."""

from __future__ import annotations

from collections.abc import Iterator

from rasterio.windows import Window


class TileGrid:
    """Fewest tiles of one size that cover a raster with at least ``overlap`` pixels between neighbours.

    Tiles are spread evenly (to a pixel) from one edge of the raster to the other: none leaves it, and no two overlap
    much more than the others, which keeps both seams and the memory of blending small.
    Along an axis shorter than a tile there is one tile, of the axis' length: the caller pads it.

    Args:
        height: Rows of the raster.
        width: Columns of the raster.
        tile: Side of a tile in pixels, or (rows, columns).
        overlap: Pixels that neighbours share at least, below the tile's shorter side.

    Raises:
        ValueError: If a size is not positive or the overlap does not fit into a tile.
    """

    def __init__(self, height: int, width: int, tile: int | tuple[int, int], overlap: int = 0) -> None:
        self.height, self.width, self.overlap = height, width, overlap
        self.tile = (tile, tile) if isinstance(tile, int) else tile
        if min(height, width, *self.tile) < 1:
            raise ValueError(f'raster {height} x {width} and tile {self.tile} must be at least one pixel')
        if not 0 <= overlap < min(self.tile):
            raise ValueError(f'overlap {overlap} must be at least 0 and less than the tile {self.tile}')
        self.row_starts = axis_starts(height, self.tile[0], overlap)
        self.column_starts = axis_starts(width, self.tile[1], overlap)
        self.tile_height, self.tile_width = min(self.tile[0], height), min(self.tile[1], width)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of tiles."""
        return len(self.row_starts), len(self.column_starts)

    def __len__(self) -> int:
        return len(self.row_starts) * len(self.column_starts)

    def __iter__(self) -> Iterator[Window]:
        for row in range(len(self.row_starts)):
            yield from self.row(row)

    def row(self, index: int) -> list[Window]:
        """Windows of one row of tiles, from left to right.

        Args:
            index: Row of tiles.
        """
        top = self.row_starts[index]
        return [Window(left, top, self.tile_width, self.tile_height) for left in self.column_starts]

    def rows(self, first: int = 0) -> Iterator[list[Window]]:
        """Rows of tiles from top to bottom.

        Args:
            first: Row of tiles to begin with.
        """
        return (self.row(index) for index in range(first, len(self.row_starts)))

    def fresh_rows(self, index: int) -> tuple[int, int]:
        """Raster rows [start, stop) that row ``index`` of tiles needs and the rows of tiles above it do not.

        Args:
            index: Row of tiles.
        """
        start = self.row_starts[index - 1] + self.tile_height if index else 0
        return start, self.row_starts[index] + self.tile_height

    def final_rows(self, index: int) -> tuple[int, int]:
        """Raster rows [start, stop) that no tile below row ``index`` of tiles touches any more, but did before.

        Over all rows of tiles these intervals follow each other from 0 to the raster's height.

        Args:
            index: Row of tiles.
        """
        last = index + 1 == len(self.row_starts)
        return self.row_starts[index], self.height if last else self.row_starts[index + 1]


def axis_starts(length: int, tile: int, overlap: int) -> list[int]:
    """First pixels of the tiles along one axis.

    Args:
        length: Pixels of the axis.
        tile: Pixels of a tile.
        overlap: Pixels that neighbours share at least.
    """
    rest = max(length - tile, 0)
    steps = -(-rest // (tile - overlap))
    return [index * rest // steps for index in range(steps + 1)] if steps else [0]


def flush_starts(length: int, tile: int, stride: int) -> list[int]:
    """First pixels of tiles every ``stride`` pixels, and of one that ends with the axis where they do not meet its end.

    Published tilings of training data are made so (MaRS specification, section 3.2; iSAID, Potsdam, DOTA), where
    ``TileGrid`` spreads tiles evenly. Along an axis shorter than a tile there is one, which reaches beyond its end.

    Args:
        length: Pixels of the axis.
        tile: Pixels of a tile.
        stride: Pixels from one tile to the next, at most a tile.

    Raises:
        ValueError: If a number is not positive, or tiles would leave gaps.
    """
    if min(length, tile, stride) < 1 or stride > tile:
        raise ValueError(f'length {length}, tile {tile}, stride {stride}: expected 1 <= stride <= tile and length >= 1')
    last = max(length - tile, 0)
    starts = list(range(0, last + 1, stride))
    return starts if starts[-1] == last else [*starts, last]


def flush_windows(height: int, width: int, tile: int, stride: int) -> list[Window]:
    """Windows of :func:`flush_starts` on both axes, row by row; all have the size of a tile.

    Args:
        height: Rows of the raster.
        width: Columns of the raster.
        tile: Side of a tile in pixels.
        stride: Pixels from one tile to the next.
    """
    rows, columns = flush_starts(height, tile, stride), flush_starts(width, tile, stride)
    return [Window(left, top, tile, tile) for top in rows for left in columns]
