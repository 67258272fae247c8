"""Blending of overlapping tiles in one pass over a scene, holding only the overlap of two tile rows.

Weights are separable: a tile's weight at (y, x) is the product of one number from its row and one from its column.
Both vectors are divided by the sum over all tiles beforehand, so that no weight image of the scene is ever needed.
Works on numpy arrays and, given another ``zeros``, on torch tensors of any device (this module imports no torch).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mmrs.errors import ConfigError

WINDOWS = ('cosine', 'gaussian')
# Standard deviation of the Gaussian window in tiles: 1/8 puts the border of a tile at four sigma, where a tile
# counts 3e-4 of its centre; the usual choice since nnU-Net.
GAUSSIAN_SIGMA = 1 / 8


def axis_weights(offsets: Sequence[int], tile: int, window: str = 'cosine') -> np.ndarray:
    """Weights of tiles along one axis; at every position they sum to one.

    Args:
        offsets: First pixel of each tile, ascending, without gaps.
        tile: Tile size in pixels.
        window: 'cosine' fades over the overlap of two neighbours and is flat elsewhere; 'gaussian' falls off from the
            centre of the tile. Neither fades at the first and the last pixel of the axis.

    Returns:
        (tiles, tile) float32.

    Raises:
        ConfigError: If the window is not known or the tiles leave a gap.
    """
    if window not in WINDOWS:
        raise ConfigError('blend', repr(window), f'one of {", ".join(WINDOWS)}', 'Choose one of these windows.')
    starts = np.asarray(offsets, dtype=np.int64)
    overlaps = tile - np.diff(starts)
    if (overlaps < 0).any() or (overlaps >= tile).any():
        raise ConfigError('tile offsets', str(list(offsets)), f'ascending steps of at most {tile}', 'Use a TileGrid.')
    if window == 'gaussian':
        distance = (np.arange(tile) + 0.5 - tile / 2) / (tile * GAUSSIAN_SIGMA)
        weights = np.tile(np.exp(-0.5 * distance**2), (len(starts), 1))
    else:
        weights = np.ones((len(starts), tile))
        for index, overlap in enumerate(overlaps):
            ramp = np.sin((np.arange(overlap) + 0.5) / max(overlap, 1) * np.pi / 2) ** 2
            weights[index + 1, :overlap] *= ramp
            weights[index, tile - overlap :] *= ramp[::-1]
    total = np.zeros(starts[-1] + tile)
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + tile] += weight
    for start, weight in zip(starts, weights, strict=True):
        weight /= total[start : start + tile]
    return weights.astype(np.float32)


def finished_sizes(offsets: Sequence[int], tile: int) -> list[int]:
    """Number of pixels, from each tile's start, that no later tile touches.

    Args:
        offsets: First pixel of each tile, ascending.
        tile: Tile size in pixels.
    """
    return [*(int(size) for size in np.diff(offsets)), tile]


class Blender:
    """Sums weighted tiles and hands out each block of the scene as soon as no later tile touches it.

    Tiles come row by row, each row from left to right. What is kept between them: the right-hand overlap of the last
    tile and, across the scene's width, the lower overlap of the last row (``carry``).

    Args:
        rows: First row of each tile row, in pixels.
        columns: First column of each tile column, in pixels.
        tile: Tile size in pixels.
        channels: Channels of a tile (classes).
        window: 'cosine' or 'gaussian'.
        zeros: Makes an array of zeros of a shape; `numpy.zeros` of float32 when None.
        convert: Makes the weights' numpy vectors into the array type of the tiles; identity when None.
    """

    def __init__(
        self,
        rows: Sequence[int],
        columns: Sequence[int],
        tile: int,
        channels: int,
        window: str = 'cosine',
        zeros: Callable[[tuple[int, ...]], Any] | None = None,
        convert: Callable[[np.ndarray], Any] | None = None,
    ) -> None:
        self._zeros: Callable[[tuple[int, ...]], Any] = zeros or (lambda shape: np.zeros(shape, np.float32))
        as_weights = convert or (lambda weights: weights)
        self._row_weights = as_weights(axis_weights(rows, tile, window))
        self._column_weights = as_weights(axis_weights(columns, tile, window))
        self.row_sizes, self.column_sizes = finished_sizes(rows, tile), finished_sizes(columns, tile)
        self.columns, self.tile, self.channels = list(columns), tile, channels
        # Rows of the carry: the largest overlap of two tile rows.
        overlap = tile - min(self.row_sizes)
        self.carry: Any = self._zeros((channels, overlap, columns[-1] + tile))
        self._edge: Any = self._zeros((channels, tile, tile - min(self.column_sizes)))

    def add(self, row: int, column: int, scores: Any | None) -> Any:
        """Adds the next tile.

        Args:
            row: Tile row.
            column: Tile column.
            scores: (channels, tile, tile) of floats, which are overwritten: copies would take longer than the blending
                itself. None for a tile that was left out, which counts as zeros.

        Returns:
            (channels, row_sizes[row], column_sizes[column]) blended scores of the block that starts at the tile's
            first row and column. The array is the caller's to change.
        """
        block = self._zeros((self.channels, self.tile, self.tile)) if scores is None else scores
        if scores is not None:
            block *= self._row_weights[row][:, None] * self._column_weights[column][None, :]
        if column:
            shared = self.tile - self.column_sizes[column - 1]
            block[:, :, :shared] += self._edge[:, :, :shared]
        width, height, start = self.column_sizes[column], self.row_sizes[row], self.columns[column]
        # Copied: a view would keep the whole tile alive, and the network would get fresh, unmapped memory every time.
        self._edge[:, :, : self.tile - width] = block[:, :, width:]
        block = block[:, :, :width]
        carried = self.tile - self.row_sizes[row - 1] if row else 0
        kept = self.tile - height
        block[:, :carried] += self.carry[:, :carried, start : start + width]
        self.carry[:, :kept, start : start + width] = block[:, height:]
        return block[:, :height]
