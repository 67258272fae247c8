"""Tiles straight to the sample: one resampling where the original has two, and only of what is seen.

What is cut out of tiles and out of the mosaic is known before a tile is read. So every visible part goes to its place
in one step, and tiles that are cut off are never decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.rs_semantic.geometry import Geometry, Size, Span

CUBIC = -0.75  # as in torch and OpenCV


def place_images(
    geometry: Geometry, tiles: Mapping[int, NDArray[Any]], size: Size, smooth: bool, fill: int = 0
) -> NDArray[Any]:
    """Draws images or labels of tiles into a sample.

    Args:
        geometry: Where they go.
        tiles: (H, W) or (H, W, bands) by number, in a dtype that OpenCV resizes; those that lack leave ``fill``.
        size: Rows and columns of the sample.
        smooth: Interpolate cubically, without smoothing first, as published; else take the nearest pixel.
        fill: Value where there is no tile.

    Returns:
        (rows, columns[, bands]) in the dtype of the tiles.
    """
    first = next(iter(tiles.values()))
    sample = np.full((*size, *first.shape[2:]), fill, first.dtype)
    for tile, down, right in geometry.spans(size):
        if tile not in tiles:
            continue
        image = tiles[tile]
        part = image[_pixels(down, image.shape[0], geometry.cells), _pixels(right, image.shape[1], geometry.cells)]
        shape = (right.target[1] - right.target[0], down.target[1] - down.target[0])
        how = cv2.INTER_CUBIC if smooth else cv2.INTER_NEAREST_EXACT
        resized = cv2.resize(part, shape, interpolation=how)
        if geometry.flips[tile]:
            resized = cv2.flip(resized, 1)
        sample[slice(*down.target), slice(*right.target)] = resized
    return sample


def _pixels(span: Span, length: int, cells: int) -> slice:
    first, last = (round(edge * length / cells) for edge in span.source)
    first = min(first, length - 1)
    return slice(first, max(last, first + 1))


def place_series(
    geometry: Geometry, tiles: Mapping[int, NDArray[Any]], size: Size, bands: int, dates: int
) -> NDArray[np.float32]:
    """Draws coarse series of tiles into a sample; places are exact to parts of a pixel.

    Args:
        geometry: Where they go.
        tiles: (bands, dates, H, W) by number.
        size: Rows and columns of the sample.
        bands: Bands of the sample.
        dates: Dates of the sample.

    Returns:
        (bands, dates, rows, columns), 0 where there is no tile.
    """
    sample = np.zeros((bands, dates, *size), np.float32)
    for tile in tiles:
        image = tiles[tile].astype(np.float32, copy=False)
        rows, down = axis_weights(geometry, tile, 0, size[0], image.shape[2])
        columns, right = axis_weights(geometry, tile, 1, size[1], image.shape[3])
        if down.size and right.size:
            sample[:, :, rows, columns] = down @ image @ right.T
    return sample


def place_days(geometry: Geometry, tiles: Mapping[int, NDArray[Any]], size: Size, dates: int) -> NDArray[np.int16]:
    """Day of the year of every frame, in every pixel of a sample.

    Args:
        geometry: Where tiles go.
        tiles: (dates,) by number.
        size: Rows and columns of the sample.
        dates: Dates of the sample.

    Returns:
        (dates, rows, columns); 1 where there is no tile.
    """
    sample = np.ones((dates, *size), np.int16)
    for tile, days in tiles.items():
        rows, columns = (axis_pixels(geometry, tile, axis, size[axis])[0] for axis in (0, 1))
        sample[:, rows, columns] = np.asarray(days)[:, None, None]
    return sample


def axis_pixels(geometry: Geometry, tile: int, axis: int, pixels: int) -> tuple[slice, NDArray[np.float64]]:
    """Pixels of a sample whose centres lie in a tile, and their places in it.

    Args:
        geometry: Where the tile goes.
        tile: Its number.
        axis: 0 for rows, 1 for columns.
        pixels: Length of the sample.

    Returns:
        The pixels, and as many places in cells from the tile's first edge.
    """
    start, extent = geometry.crop[axis], geometry.crop[axis + 2]
    centres = start + (np.arange(pixels) + 0.5) * extent / pixels
    inner = centres - geometry.position(tile)[axis] * geometry.cells
    chosen = np.flatnonzero((inner >= 0) & (inner < geometry.cells))
    if not len(chosen):
        return slice(0, 0), np.empty(0)
    inner = inner[chosen]
    if axis == 1 and geometry.flips[tile]:
        inner = geometry.cells - inner
    box = geometry.boxes[tile]
    return slice(int(chosen[0]), int(chosen[-1]) + 1), box[axis] + inner * box[axis + 2] / geometry.cells


def axis_weights(
    geometry: Geometry, tile: int, axis: int, pixels: int, length: int
) -> tuple[slice, NDArray[np.float32]]:
    """Weights of a tile's pixels in a sample, cubic; the last pixel goes on beyond the edge.

    Args:
        geometry: Where the tile goes.
        tile: Its number.
        axis: 0 for rows, 1 for columns.
        pixels: Length of the sample.
        length: Pixels of the tile.

    Returns:
        Pixels of the sample, and (as many, length) weights.
    """
    chosen, places = axis_pixels(geometry, tile, axis, pixels)
    return chosen, cubic_weights(places * length / geometry.cells - 0.5, length)


def cubic_weights(places: NDArray[np.float64], length: int) -> NDArray[np.float32]:
    """Weights of cubic interpolation.

    Args:
        places: Positions, 0 is the centre of the first pixel.
        length: Pixels.

    Returns:
        (places, pixels).
    """
    base = np.floor(places)
    near, far = places - base, 1 - (places - base)
    outer = [CUBIC * (d**3 - 5 * d**2 + 8 * d - 4) for d in (near + 1, far + 1)]
    inner = [(CUBIC + 2) * d**3 - (CUBIC + 3) * d**2 + 1 for d in (near, far)]
    weights = np.zeros((len(places), length), np.float32)
    rows = np.arange(len(places))
    for offset, values in zip((-1, 0, 1, 2), (outer[0], inner[0], inner[1], outer[1]), strict=True):
        np.add.at(weights, (rows, np.clip(base + offset, 0, length - 1).astype(np.intp)), values)
    return weights
