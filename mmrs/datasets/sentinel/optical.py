"""Sentinel-2 L2A: surface reflectance in ten bands, and where clouds are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

import numpy as np
import rasterio.warp
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

from mmrs.datasets.sentinel.grid import Cell
from mmrs.datasets.sentinel.product import AGAIN, Product, number_of, open_product, text_of, time_of
from mmrs.errors import DataError
from mmrs.geo.gdal import GDAL_ERRORS, cannot_read, gdal_env
from mmrs.geo.sensors import SENSORS

BANDS = SENSORS['sentinel2-l2a'].bands
FINE = ('B2', 'B3', 'B4', 'B8')  # 10 m; the others 20 m
# Order of band_id in the metadata.
BAND_IDS = ('B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7', 'B8', 'B8A', 'B9', 'B10', 'B11', 'B12')
OFFSET_BASELINE = 4.0  # from this processing baseline on, stored values are shifted
QUANTIFICATION = 10_000  # of what is given here
CLOUD_CLASSES = (3, 8, 9, 10)  # of the scene classification: shadow, medium and high probability, cirrus
CLEAR, CLOUD, UNKNOWN = 0, 1, 255


@dataclass(frozen=True)
class OpticalProduct:
    """What the metadata say.

    Attributes:
        product: Its files.
        time: Start of the acquisition.
        platform: Such as ``Sentinel-2A``.
        baseline: Processing baseline.
        files: GDAL's name of each band of ``BANDS``, and of ``'SCL'``.
        offsets: By band, added to stored values.
        quantification: Stored values of a reflectance of 1.
        crs: UTM zone.
        corners: Longitudes and latitudes of its corners.
    """

    product: Product
    time: datetime
    platform: str
    baseline: str
    files: dict[str, str]
    offsets: dict[str, float]
    quantification: float
    crs: str
    corners: tuple[list[float], list[float]]


def read_optical(path: str | os.PathLike[str]) -> OpticalProduct:
    """Reads the metadata of a product.

    Args:
        path: Folder or zip.

    Raises:
        DataError: If they cannot be used; it names the product.
        RasterError: If an image does not open.
    """
    product = open_product(path)
    meta = product.xml('MTD_MSIL2A.xml')
    source, baseline = product.path, text_of(meta, 'PROCESSING_BASELINE', product.path)
    images = {}
    for element in meta.iter('IMAGE_FILE'):
        found = re.search(r'_(B\w\w|SCL)_(\d\d)m$', (element.text or '').strip())
        if found:
            name = re.sub('^B0', 'B', found[1])
            images[name, int(found[2])] = f'{(element.text or "").strip()}.jp2'
    files = {}
    for name in (*BANDS, 'SCL'):
        gsd = 10 if name in FINE else 20
        if (name, gsd) not in images:
            raise DataError(source, f'no image of {name} at {gsd} m in its metadata', 'one', AGAIN)
        files[name] = product.gdal_path(images[name, gsd])
    try:
        with gdal_env(GDAL_NUM_THREADS=1), rasterio.open(files['B2']) as image:
            crs, bounds = image.crs.to_string(), image.bounds
            corners = (bounds.left, bounds.right) * 2, (bounds.top, bounds.top, bounds.bottom, bounds.bottom)
            longitudes, latitudes = rasterio.warp.transform(crs, 'OGC:CRS84', *corners)[:2]
    except GDAL_ERRORS as error:
        raise cannot_read(files['B2'], 'its header', error) from error
    return OpticalProduct(
        product, time_of(meta, 'PRODUCT_START_TIME', source), text_of(meta, 'SPACECRAFT_NAME', source), baseline,
        files, _offsets(meta, baseline, product), _quantification(meta, product), crs, (longitudes, latitudes),
    )  # fmt: skip


def _offsets(meta: ElementTree.Element, baseline: str, product: Product) -> dict[str, float]:
    """What is added to stored values: -1000 since baseline 04.00, so that dark pixels are not cut off at 0."""
    found = {}
    for element in meta.iter('BOA_ADD_OFFSET'):
        number = int(element.get('band_id') or -1)
        if 0 <= number < len(BAND_IDS):
            found[BAND_IDS[number]] = float(element.text or 0)
    try:
        late = float(baseline) >= OFFSET_BASELINE
    except ValueError as error:
        raise DataError(product.path, f'processing baseline {baseline!r}', 'such as 05.09', AGAIN) from error
    lacking = [name for name in BANDS if name not in found]
    if late and lacking:
        text = f'no BOA_ADD_OFFSET of {", ".join(lacking)} in baseline {baseline}'
        raise DataError(product.path, text, 'one for each band since baseline 04.00', AGAIN)
    return {name: found.get(name, 0.0) for name in BANDS}


def _quantification(meta: ElementTree.Element, product: Product) -> float:
    value = number_of(meta, 'BOA_QUANTIFICATION_VALUE', product.path)
    if value > 0:
        return value
    raise DataError(product.path, f'BOA_QUANTIFICATION_VALUE {value:g}', 'a positive number', AGAIN)


def reflectance(products: Sequence[OpticalProduct], cell: Cell) -> Iterator[NDArray[np.uint16]]:
    """Bands of one acquisition in a cell, one after the other, in the order of ``BANDS``.

    Where products overlap the first one counts.

    Args:
        products: Neighbouring tiles of one acquisition.
        cell: Where.

    Yields:
        (size, size) reflectance x 10,000, bilinear; 0 where missing. What is 0 or less on the ground is 1.

    Raises:
        RasterError: If an image cannot be read.
    """
    for name in BANDS:
        band = np.zeros((cell.size, cell.size), np.uint16)
        for product in products:
            stored = _warped(product.files[name], cell, Resampling.bilinear)
            scaled = (stored.astype(np.float32) + product.offsets[name]) * (QUANTIFICATION / product.quantification)
            values = np.clip(np.rint(scaled), 1, 65535).astype(np.uint16)
            np.copyto(band, values, where=(band == 0) & (stored > 0))
        yield band


def clouds(products: Sequence[OpticalProduct], cell: Cell) -> NDArray[np.uint8]:
    """Clouds and their shadows in a cell, by the products' scene classification.

    Args:
        products: As for :func:`reflectance`.
        cell: Where.

    Returns:
        (size, size): 0 clear, 1 cloud or shadow, 255 not classified.

    Raises:
        RasterError: If an image cannot be read.
    """
    found = np.full((cell.size, cell.size), UNKNOWN, np.uint8)
    for product in products:
        classes = _warped(product.files['SCL'], cell, Resampling.nearest)
        mask = np.where(np.isin(classes, CLOUD_CLASSES), CLOUD, CLEAR).astype(np.uint8)
        np.copyto(found, mask, where=(found == UNKNOWN) & (classes > 0))
    return found


def _warped(path: str, cell: Cell, resampling: Resampling) -> NDArray[np.uint16]:
    grid = dict(crs=cell.crs, transform=cell.transform, width=cell.size, height=cell.size)
    try:
        with (
            gdal_env(GDAL_NUM_THREADS=1),
            rasterio.open(path) as image,
            WarpedVRT(image, **grid, resampling=resampling, src_nodata=0, nodata=0, tolerance=0.01) as warped,
        ):
            return warped.read(1)
    except GDAL_ERRORS as error:
        raise cannot_read(path, f'cell {cell.name}', error) from error
