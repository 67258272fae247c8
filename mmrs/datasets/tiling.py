"""Cuts large scenes and their masks into the tiles that training reads; finished tiles are kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rasterio.windows import Window

from mmrs.errors import DataError
from mmrs.geo.gdal import replacing
from mmrs.geo.grid import flush_windows
from mmrs.geo.scene import GeoreferenceWarning, Scene


@dataclass(frozen=True)
class Source:
    """One raster to cut.

    Attributes:
        path: The raster.
        target: Pattern of its tiles with {left}, {top}, {right} and {bottom} in pixels; a PNG.
        bands: 1-based numbers of the bands to take; None takes all.
        fill: Value of a tile beyond the edge, where the raster is smaller than a tile.
        convert: Turns (bands, rows, columns) of a window into (rows, columns) or (rows, columns, 3) uint8.
    """

    path: Path
    target: str
    bands: tuple[int, ...] | None
    fill: int
    convert: Callable[[NDArray[Any]], NDArray[np.uint8]]


def picture(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Three bands of 8 bits as a picture, (rows, columns, 3)."""
    return np.ascontiguousarray(np.moveaxis(pixels, 0, -1))


def cut_scenes(
    scenes: Sequence[Sequence[Source]],
    tile: int,
    stride: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
    threads: int = 4,
) -> tuple[int, int]:
    """Cuts scenes into tiles, all rasters of a scene by the same windows.

    Tiles appear under their names only when they are complete. Those that are there are kept: a run that was stopped
    goes on.

    Args:
        scenes: Rasters of each scene, such as image and mask.
        tile: Side of a tile in pixels.
        stride: Pixels from one tile to the next; the last tile is flush with the edge.
        progress: Called with the number of tiles done and of all.
        threads: Scenes cut at once.

    Returns:
        Numbers of tiles that were written and kept, in all rasters.

    Raises:
        DataError: If rasters of a scene differ in size, or a tile cannot be made.
        RasterError: If a raster cannot be read.
    """
    total = count_tiles(scenes, tile, stride)
    counts, lock = {True: 0, False: 0}, Lock()  # written and kept

    def count(written: bool) -> None:
        with lock:
            counts[written] += 1
            progress(sum(counts.values()), total)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        jobs = [pool.submit(_cut, source, tile, stride, count) for scene in scenes for source in scene]
        try:
            for job in as_completed(jobs):
                job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return counts[True], counts[False]


def count_tiles(scenes: Sequence[Sequence[Source]], tile: int, stride: int) -> int:
    """Number of tiles of all rasters; opens each, reads no pixels.

    Raises:
        DataError: If rasters of a scene differ in size.
    """
    total = 0
    for scene in scenes:
        sizes = [raster_size(source.path) for source in scene]
        for source, size in zip(scene, sizes, strict=True):
            if size != sizes[0]:
                expected = f'{sizes[0][0]} x {sizes[0][1]} like {scene[0].path}'
                raise DataError(source.path, f'{size[0]} x {size[1]} pixels', expected, 'Restore the file.')
        total += len(scene) * len(flush_windows(*sizes[0], tile, stride))
    return total


def raster_size(path: Path) -> tuple[int, int]:
    """Rows and columns of a raster, without reading its pixels.

    Raises:
        RasterError: If it cannot be opened.
    """
    with _open(path, None) as scene:
        return scene.height, scene.width


def _open(path: Path, bands: tuple[int, ...] | None) -> Scene:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', GeoreferenceWarning)  # PNG tiles have no place on Earth
        return Scene(path, bands)


def _cut(source: Source, tile: int, stride: int, count: Callable[[bool], None]) -> None:
    with _open(source.path, source.bands) as scene:
        for window, target in targets(source, (scene.height, scene.width), tile, stride):
            written = not target.is_file()
            if written:
                write_tile(target, source.convert(scene.read(_within(window, scene))), tile, source.fill)
            count(written)


def _within(window: Window, scene: Scene) -> Window:
    left, top = window.col_off, window.row_off
    return Window(left, top, min(window.width, scene.width - left), min(window.height, scene.height - top))


def targets(source: Source, size: tuple[int, int], tile: int, stride: int) -> Iterator[tuple[Window, Path]]:
    """Windows of a raster and the files that they become.

    Args:
        source: The raster.
        size: Its rows and columns.
        tile: Side of a tile in pixels.
        stride: Pixels from one tile to the next.
    """
    for window in flush_windows(*size, tile, stride):
        left, top = window.col_off, window.row_off
        yield window, Path(source.target.format(left=left, top=top, right=left + tile, bottom=top + tile))


def write_tile(path: Path, pixels: NDArray[np.uint8], tile: int, fill: int = 0) -> None:
    """Writes a PNG of full size, filled up on the right and below; it appears when it is complete.

    Args:
        path: The file.
        pixels: (rows, columns) or (rows, columns, 1 or 3 bands), at most a tile.
        tile: Side of a tile in pixels.
        fill: Value beyond the edge.
    """
    below, right = tile - pixels.shape[0], tile - pixels.shape[1]
    if below or right:
        pixels = np.pad(pixels, ((0, below), (0, right), (0, 0))[: pixels.ndim], constant_values=fill)
    if pixels.ndim == 3 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    with replacing(path) as temporary:
        Image.fromarray(np.ascontiguousarray(pixels)).save(temporary, format='PNG')
