"""Batches of tiles cut from a scene, each row of the raster read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rasterio.windows import Window

from mmrs.errors import RasterError
from mmrs.geo.grid import TileGrid
from mmrs.geo.scene import Scene

# Kept as they are up to the device: a quarter or half of the traffic. torch lacks operators for the others.
NARROW_DTYPES = ('uint8', 'int8', 'int16')


@dataclass
class TileBatch:
    """Tiles of one row of tiles that go through the network together.

    Attributes:
        row: Row of tiles.
        columns: Column of each tile; columns in between hold no valid pixel.
        pixels: (N, C, tile, tile) raw pixels; None when N is 0.
        last: Whether this ends the row of tiles.
        valid: With the last batch, (rows, columns) of the raster rows that become final, False where the scene holds
            nothing; None when all are valid.
        masks: (N, tile height, tile width) of each tile, False where the scene holds nothing, if the reader was asked
            for it; None when all are valid.
    """

    row: int
    columns: Sequence[int]
    pixels: torch.Tensor | None
    last: bool
    valid: NDArray[np.bool_] | None = None
    masks: NDArray[np.bool_] | None = None


class TileReader:
    """Reads a scene from top to bottom; only one row of tiles is in memory.

    Pixels without information (nodata, NaN, infinity) become ``fill``. A scene smaller than a tile is mirrored at
    its right and lower border.

    Args:
        scene: The scene, with the model's bands selected.
        grid: Its tiles.
        tile: Tile size in pixels.
        batch_size: Tiles a batch at most; a batch never spans two rows, so that a run that starts at any row makes
            the same batches.
        fill: Value for each band.
        pin: Put batches into page-locked memory, for a GPU.
        masks: Say for each tile where the scene holds something.

    Raises:
        RasterError: If the bands hold complex numbers.
    """

    def __init__(
        self,
        scene: Scene,
        grid: TileGrid,
        tile: int,
        batch_size: int,
        fill: Sequence[float],
        pin: bool = False,
        masks: bool = False,
    ) -> None:
        if scene.dtype.kind == 'c':
            fix = 'Write magnitude or decibels to a raster first.'
            raise RasterError(scene.path, f'complex pixels ({scene.dtype})', 'real pixels', fix)
        self.scene, self.grid, self.tile, self.batch_size, self.pin, self.masks = (
            scene,
            grid,
            tile,
            batch_size,
            pin,
            masks,
        )
        low, high = (-np.inf, np.inf) if scene.dtype.kind == 'f' else _limits(scene.dtype)
        self.fill = np.clip(np.asarray(fill), low, high).astype(scene.dtype)

    def batches(self, first_row: int = 0) -> Iterator[TileBatch]:
        """Cuts the tiles.

        Args:
            first_row: Row of tiles to begin with.

        Raises:
            RasterError: If a part of the scene cannot be read.
        """
        band = valid = None
        for row in range(first_row, self.grid.shape[0]):
            band, valid = self._band(row, band, valid)
            complete = bool(valid.all())
            columns = list(range(self.grid.shape[1])) if complete else self._columns_with_data(valid)
            first, stop = self.grid.final_rows(row)
            final = None if complete else valid[: stop - first].copy()
            padded = self._padded(band)
            groups = [columns[i : i + self.batch_size] for i in range(0, len(columns), self.batch_size)] or [[]]
            for group in groups:
                last = group is groups[-1]
                masks = None if complete or not group or not self.masks else self._windows(valid, group)
                yield TileBatch(row, group, self._cut(padded, group), last, final if last else None, masks)

    def _band(
        self, row: int, above: NDArray[Any] | None, valid_above: NDArray[np.bool_] | None
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Pixels and validity of a row of tiles; what the row above has read is moved, not read again."""
        top, height, width = self.grid.row_starts[row], self.grid.tile_height, self.grid.width
        start, stop = self.grid.fresh_rows(row)
        if above is None or valid_above is None:
            above = np.empty((len(self.scene.bands), height, width), self.scene.dtype)
            valid_above = np.empty((height, width), bool)
            start = top
        kept = start - top
        above[:, :kept], valid_above[:kept] = above[:, height - kept :], valid_above[height - kept :]
        window = Window(0, start, width, stop - start)
        data = self.scene.read(window)
        valid_above[kept:] = valid = self.scene.valid(window, data)
        above[:, kept:] = self._filled(data, valid)
        return above, valid_above

    def _filled(self, data: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[Any]:
        for index, (band, value) in enumerate(zip(data, self.fill, strict=True)):
            if data.dtype.kind == 'f':
                band[~np.isfinite(band)] = value
            nodata = self.scene.nodata[index]
            # Zero in one band may be a dark measurement; another marker in one band (-9999) is none.
            if nodata and np.isfinite(nodata):
                band[band == nodata] = value
        if not valid.all():
            data[:, ~valid] = self.fill[:, None]
        return data

    def _columns_with_data(self, valid: NDArray[np.bool_]) -> list[int]:
        present = np.any(valid, axis=0)
        starts = self.grid.column_starts
        return [i for i, x in enumerate(starts) if np.any(present[x : x + self.tile])]

    def _windows(self, valid: NDArray[np.bool_], columns: Sequence[int]) -> NDArray[np.bool_]:
        starts = [self.grid.column_starts[column] for column in columns]
        return np.stack([valid[:, x : x + self.tile] for x in starts])

    def _padded(self, band: NDArray[Any]) -> NDArray[Any]:
        missing = [max(self.tile - size, 0) for size in band.shape[1:]]
        return np.pad(band, [(0, 0), *((0, size) for size in missing)], mode='reflect') if any(missing) else band

    def _cut(self, band: NDArray[Any], columns: Sequence[int]) -> torch.Tensor | None:
        if not columns:
            return None
        starts = [self.grid.column_starts[column] for column in columns]
        dtype = band.dtype if band.dtype.name in NARROW_DTYPES else np.dtype(np.float32)
        pixels = torch.from_numpy(
            np.stack([band[:, :, x : x + self.tile] for x in starts], dtype=dtype, casting='unsafe')
        )
        return pixels.pin_memory() if self.pin else pixels


def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)
