"""Sentinel-1 GRD: calibrated backscatter in a map projection."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import rasterio
import rasterio.warp
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import GCPTransformer
from rasterio.windows import Window

from mmrs.datasets.sentinel.grid import Cell
from mmrs.datasets.sentinel.product import AGAIN, Product, number_of, open_product, text_of, time_of
from mmrs.errors import DataError
from mmrs.geo.gdal import GDAL_ERRORS, cannot_read, gdal_env

POLARISATIONS = ('VV', 'VH')
STEP = 16  # pixels between places that are computed exactly; those between are interpolated
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Table of sigma nought: a stored value over the table's, squared, is the backscatter.

    Attributes:
        lines: Of the vectors, rising.
        pixels: Of each vector, rising.
        values: Likewise.
    """

    lines: Numbers
    pixels: tuple[Numbers, ...]
    values: tuple[Numbers, ...]

    def table(self, rows: Numbers, columns: Numbers) -> NDArray[np.float32]:
        """The table between its entries, linear in both directions.

        Args:
            rows: Lines of the image.
            columns: Pixels of its lines.

        Returns:
            (rows, columns).
        """
        below = np.clip(np.searchsorted(self.lines, rows, 'right') - 1, 0, max(len(self.lines) - 2, 0))
        first, last = int(below.min()), min(int(below.max()) + 1, len(self.lines) - 1)
        vectors = np.stack([np.interp(columns, self.pixels[i], self.values[i]) for i in range(first, last + 1)])
        if len(vectors) == 1:
            return np.repeat(vectors, len(rows), 0).astype(np.float32)
        start, end = self.lines[below], self.lines[below + 1]
        weight = np.clip((rows - start) / (end - start), 0, 1)[:, None]
        return (vectors[below - first] * (1 - weight) + vectors[below - first + 1] * weight).astype(np.float32)


@dataclass(frozen=True)
class Points:
    """Where some pixels of the image lie.

    Attributes:
        rows: Lines; a whole number is the middle of a line.
        columns: Pixels.
        longitudes: Degrees; they may go beyond 180 across the antimeridian.
        latitudes: Degrees.
    """

    rows: Numbers
    columns: Numbers
    longitudes: Numbers
    latitudes: Numbers


@dataclass(frozen=True)
class RadarProduct:
    """What the metadata say.

    Attributes:
        product: Its files.
        time: Start of the acquisition.
        files: GDAL's name of each image, by polarisation.
        calibrations: Likewise.
        points: The product's geolocation grid.
        shape: Lines and pixels.
        spacing: Metres from one pixel to the next, the larger of both directions.
    """

    product: Product
    time: datetime
    files: dict[str, str]
    calibrations: dict[str, Calibration]
    points: Points
    shape: tuple[int, int]
    spacing: float


def read_radar(path: str | os.PathLike[str]) -> RadarProduct:
    """Reads the metadata of a product.

    Args:
        path: Folder or zip.

    Raises:
        DataError: If they cannot be used, it is no GRD product, or lacks VV or VH; it names the product.
    """
    product = open_product(path)
    files, calibrations, meta = {}, {}, None
    for name in product.find(r'annotation/[^/]+\.xml'):
        stem, element = name[len('annotation/') : -len('.xml')], product.xml(name)
        kind, polarisation = (text_of(element, tag, product.path) for tag in ('productType', 'polarisation'))
        if kind != 'GRD':
            raise DataError(product.path, f'a {kind} product', 'GRD, ground range detected', 'Download the GRD.')
        images = product.find(rf'measurement/{re.escape(stem)}\.tiff?')
        if not images:
            raise DataError(product.path, f'no measurement/{stem}.tiff', 'the image of the annotation', AGAIN)
        files[polarisation] = product.gdal_path(images[0])
        calibrations[polarisation] = _calibration(product, f'annotation/calibration/calibration-{stem}.xml')
        meta = element if meta is None else meta
    lacking = [name for name in POLARISATIONS if name not in files]
    if lacking or meta is None:
        found = f'{" and ".join(files) or "no image"}, no {" and no ".join(lacking)}'
        raise DataError(product.path, found, 'VV and VH', 'Choose products of mode IW with both (1SDV).')
    numbers = [number_of(meta, name, product.path) for name in ('numberOfLines', 'numberOfSamples')]
    spacing = max(number_of(meta, name, product.path) for name in ('rangePixelSpacing', 'azimuthPixelSpacing'))
    shape = int(numbers[0]), int(numbers[1])
    time = time_of(meta, 'startTime', product.path)
    return RadarProduct(product, time, files, calibrations, _points(meta, product), shape, spacing)


def _points(meta: ElementTree.Element, product: Product) -> Points:
    tags = ('line', 'pixel', 'longitude', 'latitude')
    rows = [[number_of(point, tag, product.path) for tag in tags] for point in meta.iter('geolocationGridPoint')]
    if len(rows) < 4:
        raise DataError(product.path, f'{len(rows)} geolocation points', '4 or more', AGAIN)
    lines, pixels, longitudes, latitudes = np.asarray(rows).T
    if np.ptp(longitudes) > 180:
        longitudes = longitudes % 360
    return Points(lines, pixels, longitudes, latitudes)


def _calibration(product: Product, name: str) -> Calibration:
    if name not in product.names:
        raise DataError(product.path, f'no {name}', 'the calibration of the image', AGAIN)
    vectors: list[tuple[float, Numbers, Numbers]] = []
    for vector in product.xml(name).iter('calibrationVector'):
        line = number_of(vector, 'line', product.path)
        pixels, values = (
            np.array(text_of(vector, tag, product.path).split(), np.float64) for tag in ('pixel', 'sigmaNought')
        )
        if len(pixels) != len(values) or not (values > 0).all() or not (np.diff(pixels) > 0).all():
            found = f'{len(pixels)} pixels and {len(values)} values at line {line:g} of {name}'
            raise DataError(product.path, found, 'as many positive values, at rising pixels', AGAIN)
        vectors.append((line, pixels, values))
    vectors.sort(key=lambda vector: vector[0])
    if not vectors:
        raise DataError(product.path, f'no calibrationVector in {name}', 'some', AGAIN)
    lines, *tables = zip(*vectors, strict=True)
    return Calibration(np.asarray(lines), *tables)


def backscatter(products: Sequence[RadarProduct], cell: Cell, window: Window) -> NDArray[np.float32]:
    """Sigma nought in a window of a cell.

    Each stored value is calibrated, then interpolated as power; several looks are averaged first where pixels of the
    cell are that much larger. Where products overlap the first one counts. Thermal noise is not subtracted, and
    terrain not corrected: places are those of the product's geolocation grid, spline by spline.

    Args:
        products: Slices of one pass.
        cell: Where.
        window: Of the cell, in pixels.

    Returns:
        (2, rows, columns): VV and VH in dB, NaN where missing.

    Raises:
        RasterError: If an image cannot be read.
    """
    result = np.full((len(POLARISATIONS), int(window.height), int(window.width)), np.nan, np.float32)
    for product in products:
        if not np.isnan(result).any():
            break
        rows, columns = _places(product, cell, window)
        looks = max(1, int(abs(cell.transform.a) / product.spacing))
        for index, name in enumerate(POLARISATIONS):
            power = _sampled(product, name, rows, columns, looks)
            with np.errstate(divide='ignore', invalid='ignore'):
                result[index] = np.where(np.isnan(result[index]), 10 * np.log10(power), result[index])
    return result


def _places(product: RadarProduct, cell: Cell, window: Window) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Line and pixel of every pixel of a window: exact on a coarse grid, linear between."""
    axes = []
    for start, length in ((window.row_off, window.height), (window.col_off, window.width)):
        axes.append(start + np.linspace(0.5, length - 0.5, max(2, -(-int(length) // STEP) + 1)))
    y, x = np.meshgrid(
        cell.transform.e * axes[0] + cell.transform.f, cell.transform.a * axes[1] + cell.transform.c, indexing='ij'
    )
    with rasterio.Env():
        longitudes, latitudes = rasterio.warp.transform(cell.crs, 'OGC:CRS84', x.ravel().tolist(), y.ravel().tolist())[
            :2
        ]
        points = product.points
        # Near the points' own longitudes, whichever side of the antimeridian they are written for.
        middle = float(points.longitudes.mean())
        turned = (np.asarray(longitudes) - middle + 180) % 360 - 180 + middle
        ties = [
            GroundControlPoint(row, column, longitude, latitude)
            for row, column, longitude, latitude in zip(
                points.rows, points.columns, points.longitudes, points.latitudes, strict=True
            )
        ]
        with GCPTransformer(ties, tps=True) as transformer:
            found = transformer.rowcol(turned.tolist(), list(latitudes), op=lambda value: value)
    fine = []
    for values in found:
        coarse = np.asarray(values, np.float32).reshape(y.shape)
        fine.append(_stretched(coarse, (int(window.height), int(window.width))))
    return fine[0], fine[1]


def _stretched(coarse: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A grid whose corners are the middles of the corner pixels, linear at every pixel."""
    result: NDArray[np.float32] = coarse
    for axis, length in enumerate(shape):
        places = np.linspace(0, coarse.shape[axis] - 1, length)
        low = np.clip(places.astype(np.intp), 0, coarse.shape[axis] - 2)
        weight = np.expand_dims((places - low).astype(np.float32), 1 - axis)
        result = result.take(low, axis) * (1 - weight) + result.take(low + 1, axis) * weight
    return result


def _sampled(
    product: RadarProduct, name: str, rows: NDArray[np.float32], columns: NDArray[np.float32], looks: int
) -> NDArray[np.float32]:
    """Power at places of the image, NaN beyond it and where nothing was received."""
    height, width = product.shape
    top, left = (max(0, int(np.floor(axis.min())) - 2 * looks) // looks * looks for axis in (rows, columns))
    bottom, right = min(height, int(rows.max()) + 2 * looks + 2), min(width, int(columns.max()) + 2 * looks + 2)
    inside = (rows >= -0.5) & (rows <= height - 0.5) & (columns >= -0.5) & (columns <= width - 0.5)
    if bottom <= top or right <= left or not inside.any():
        return np.full(rows.shape, np.nan, np.float32)
    power, present = _power(product, name, Window(left, top, right - left, bottom - top), looks)
    x, y = ((axis - start + 0.5) / looks - 0.5 for axis, start in ((columns, left), (rows, top)))
    values, weights = (cv2.remap(layer, x, y, cv2.INTER_LINEAR) for layer in (power * present, present))
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.where(inside & (weights > 0.5), values / weights, np.nan)


def _power(product: RadarProduct, name: str, window: Window, looks: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Calibrated power of a part of the image, and the share of each value that was received."""
    path = product.files[name]
    try:
        with gdal_env(GDAL_NUM_THREADS=1), warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)  # places come from the annotation
            image = rasterio.open(path)
        with gdal_env(GDAL_NUM_THREADS=1), image:
            stored = image.read(1, window=window).astype(np.float32)
    except GDAL_ERRORS as error:
        raise cannot_read(path, str(window), error) from error
    rows = window.row_off + np.arange(stored.shape[0], dtype=np.float64)
    columns = window.col_off + np.arange(stored.shape[1], dtype=np.float64)
    present = (stored > 0).astype(np.float32)
    power = (stored / product.calibrations[name].table(rows, columns)) ** 2
    if looks == 1:
        return power, present
    shape = (-(-stored.shape[1] // looks), -(-stored.shape[0] // looks))
    pad = [(0, shape[1] * looks - stored.shape[0]), (0, shape[0] * looks - stored.shape[1])]
    total, share = (cv2.resize(np.pad(layer, pad), shape, interpolation=cv2.INTER_AREA) for layer in (power, present))
    return total / np.maximum(share, 1e-6), share
