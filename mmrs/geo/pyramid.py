"""Halved copies of a raster, made a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mmrs.geo.gdal import cannot_write
from mmrs.geo.raw import RawRaster

Resampling = Literal['mode', 'nearest', 'average']
BLOCK_BYTES = 1 << 20  # what the reducers make of it stays in the processor's cache


def build_pyramid(
    base: RawRaster, folder: Path, resampling: Resampling, nodata: float | None = None, smallest: int = 512
) -> list[RawRaster]:
    """Halves a raster until it fits into one block.

    Args:
        base: The raster.
        folder: Where the halved rasters are written.
        resampling: 'mode' takes the most frequent of 2 x 2 pixels (the first of several), 'nearest' the upper left,
            'average' the mean of those that are neither nodata nor NaN.
        nodata: Value of missing pixels, for 'average'.
        smallest: Longest side at which to stop.

    Returns:
        Rasters of half, a quarter, ... of the size, rounded up.

    Raises:
        RasterError: If the folder cannot be written.
    """
    levels: list[RawRaster] = []
    while max(base.height, base.width) > smallest:
        path = folder / f'half_{len(levels) + 1}.bin'
        half = RawRaster(path, base.count, -(-base.height // 2), -(-base.width // 2), base.dtype)
        try:
            with open(path, 'wb') as file:
                for _, rows in base.blocks(2 * max(1, BLOCK_BYTES // (2 * base.row_bytes))):
                    reduced = halve(rows, resampling, nodata)
                    file.write(np.ascontiguousarray(reduced.transpose(1, 0, 2)).data)
        except OSError as error:
            raise cannot_write(path, error) from error
        levels.append(half)
        base = half
    return levels


def halve(rows: NDArray[Any], resampling: Resampling, nodata: float | None = None) -> NDArray[Any]:
    """One pixel for every 2 x 2; odd edges are repeated.

    Args:
        rows: (bands, rows, columns).
        resampling: As for ``build_pyramid``.
        nodata: As for ``build_pyramid``.

    Returns:
        (bands, rows / 2, columns / 2), rounded up, of the same dtype.
    """
    odd = [(0, 0), (0, rows.shape[1] % 2), (0, rows.shape[2] % 2)]
    if any(after for _, after in odd):
        rows = np.pad(rows, odd, mode='edge')
    quad = [np.ascontiguousarray(rows[:, row::2, column::2]) for row in (0, 1) for column in (0, 1)]
    reducers: dict[str, Callable[[], NDArray[Any]]] = {
        'nearest': lambda: quad[0],
        'mode': lambda: _mode(*quad),
        'average': lambda: _average(quad, nodata),
    }
    return reducers[resampling]()


def _mode(a: NDArray[Any], b: NDArray[Any], c: NDArray[Any], d: NDArray[Any]) -> NDArray[Any]:
    """The pair that exists decides, the one with the first pixel before others; four different: the first."""
    lone = (a != b) & (a != c) & (a != d)
    pair = lone & ((b == c) | (b == d))
    mode = a.copy()
    np.copyto(mode, b, where=pair)
    np.copyto(mode, c, where=lone & ~pair & (c == d))
    return mode


def _average(quad: list[NDArray[Any]], nodata: float | None) -> NDArray[Any]:
    dtype = quad[0].dtype
    wide = np.float64 if dtype.itemsize > 2 else np.float32
    total, number = np.zeros(quad[0].shape, wide), np.zeros(quad[0].shape, np.uint8)
    for pixels in quad:
        present = np.ones(pixels.shape, bool) if nodata is None else pixels != nodata
        if dtype.kind == 'f':
            present &= ~np.isnan(pixels)
        total += np.where(present, pixels, 0)
        number += present
    mean = total / np.maximum(number, 1)
    missing = nodata if nodata is not None else np.nan if dtype.kind == 'f' else 0
    mean = mean if dtype.kind == 'f' else np.rint(mean)
    return np.where(number > 0, mean, missing).astype(dtype)
