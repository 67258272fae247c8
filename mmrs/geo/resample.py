"""Brings a scene to the pixels that a model was trained on: ground sampling distance, bands, value range."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from mmrs.errors import RasterError
from mmrs.geo.gdal import GDAL_ERRORS, cannot_read, check_written, gdal_env, replacing
from mmrs.geo.scene import Scene

BLOCK = 512


def resample(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    gsd: float | None = None,
    bands: Sequence[int] | None = None,
    scale: float = 1.0,
    dtype: str | None = None,
    nodata: float | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Writes a copy of a scene with another ground sampling distance, band choice or value range.

    The extent and the CRS stay. Coarser pixels are averages, finer ones are cubic. Memory is bounded by one row of
    blocks.

    Args:
        source: Any raster that GDAL opens.
        target: GeoTIFF to write.
        gsd: Metres per pixel; None keeps the grid.
        bands: 1-based numbers of the bands to keep, in this order; None keeps all.
        scale: Factor on the pixel values; integers are rounded and clipped to ``dtype``.
        dtype: numpy name of the written type; None keeps the scene's.
        nodata: Value of missing pixels, where the file declares none.
        progress: Called with the rows done and in all.

    Returns:
        ``target``.

    Raises:
        RasterError: If the scene cannot be read, has no CRS although ``gsd`` is given, or ``target`` is not writable,
            no GeoTIFF by its name, or the scene itself.
    """
    _check_target(source, target)
    with Scene(source, bands, nodata, require_crs=gsd is not None) as scene:
        shape, transform = _grid(scene, gsd)
        missing = scene.nodata[0]
        kind = np.dtype(dtype or scene.dtype)
        profile = _profile(scene, shape, transform, kind)
        with replacing(target) as temporary, gdal_env():
            with rasterio.open(temporary, 'w', **profile) as writer:
                writer.descriptions = scene.band_names
                for rows in _strips(scene, shape, transform, missing, progress):
                    pixels = _converted(rows[1], scale, kind, missing, profile['nodata'])
                    writer.write(pixels, window=Window(0, rows[0], shape[1], pixels.shape[1]))
            check_written(temporary)
    return Path(target)


def _check_target(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    if Path(target).suffix.lower() not in ('.tif', '.tiff'):
        found = f'the suffix {Path(target).suffix or "(none)"}'
        raise RasterError(target, found, '.tif: a GeoTIFF is written', 'Choose another name for the output.')
    if os.path.exists(source) and os.path.exists(target) and os.path.samefile(source, target):
        raise RasterError(target, 'the scene itself', 'another file', 'Choose another name for the output.')


def _profile(scene: Scene, shape: tuple[int, int], transform: Affine, kind: np.dtype[Any]) -> dict[str, Any]:
    return dict(
        driver='GTiff', count=len(scene.bands), height=shape[0], width=shape[1], dtype=kind, crs=scene.crs,
        transform=transform, nodata=_nodata_for(kind, scene.nodata[0]), compress='deflate', tiled=True,
        blockxsize=BLOCK, blockysize=BLOCK, bigtiff='if_safer',
    )  # fmt: skip


def _grid(scene: Scene, gsd: float | None) -> tuple[tuple[int, int], Affine]:
    """Rows, columns and transform at the wanted ground sampling distance, over the same extent."""
    if gsd is None or scene.gsd is None:
        return (scene.height, scene.width), scene.transform
    if not (math.isfinite(gsd) and gsd > 0):
        raise RasterError('--gsd', f'{gsd}', 'metres per pixel, more than 0', 'Give the GSD that the model wants.')
    width = max(1, round(scene.width * scene.gsd[0] / gsd))
    height = max(1, round(scene.height * scene.gsd[1] / gsd))
    return (height, width), scene.transform * Affine.scale(scene.width / width, scene.height / height)


def _strips(
    scene: Scene,
    shape: tuple[int, int],
    transform: Affine,
    missing: float | None,
    progress: Callable[[int, int], None],
) -> Any:
    """Rows of blocks from the top: (first row, (bands, rows, columns))."""
    same = shape == (scene.height, scene.width)
    method = Resampling.average if shape[0] < scene.height else Resampling.cubic
    with gdal_env(), rasterio.open(scene.path) as dataset:
        settings: dict[str, Any] = dict(transform=transform, width=shape[1], height=shape[0], resampling=method)
        if missing is not None:
            settings.update(src_nodata=missing, nodata=missing)
        reader = dataset if same else WarpedVRT(dataset, crs=scene.crs, **settings)
        for row in range(0, shape[0], BLOCK):
            window = Window(0, row, shape[1], min(BLOCK, shape[0] - row))
            try:
                yield row, reader.read(scene.bands, window=window)
            except GDAL_ERRORS as error:
                raise cannot_read(scene.path, f'rows {row} to {row + window.height}', error) from error
            progress(min(row + BLOCK, shape[0]), shape[0])


def _nodata_for(kind: np.dtype[Any], missing: float | None) -> float | None:
    """The same value where the type can hold it, otherwise 0 or NaN."""
    if missing is None:
        return None
    if kind.kind == 'f':
        return missing
    limits = np.iinfo(kind)
    return missing if math.isfinite(missing) and limits.min <= missing <= limits.max and missing % 1 == 0 else 0.0


def _converted(
    pixels: NDArray[Any], scale: float, kind: np.dtype[Any], missing: float | None, nodata: float | None
) -> NDArray[Any]:
    empty = None
    if missing is not None:
        empty = np.isnan(pixels) if math.isnan(missing) else pixels == missing
    if scale != 1.0 or pixels.dtype != kind:
        values = pixels * np.float64(scale)
        if kind.kind in 'iu':
            limits = np.iinfo(kind)
            values = np.clip(np.nan_to_num(np.round(values)), limits.min, limits.max)
        pixels = values.astype(kind)
    if empty is not None and nodata is not None:
        if nodata == 0 and kind.kind == 'u':
            pixels = np.maximum(pixels, 1)  # a dark pixel must not turn into a missing one
        pixels = np.where(empty, np.asarray(nodata, kind), pixels)
    return pixels
