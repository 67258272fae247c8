"""Uncompressed rasters on disk: what spools and pyramids are made of, and how GDAL is told to read them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.dtypes import dtype_rev, typename_fwd


@dataclass(frozen=True)
class RawRaster:
    """A file of pixels without a header: for each row, the row of every band.

    Attributes:
        path: The file.
        count: Bands.
        height: Rows.
        width: Columns.
        dtype: Of the pixels, in the machine's byte order.
    """

    path: Path
    count: int
    height: int
    width: int
    dtype: np.dtype[Any]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of all bands."""
        return self.count * self.width * self.dtype.itemsize

    def blocks(self, rows: int, stop: int | None = None) -> Iterator[tuple[int, NDArray[Any]]]:
        """Rows, a few at a time.

        Args:
            rows: Rows at a time.
            stop: Row to stop before; None goes to the end.

        Yields:
            First row, and its (bands, rows, columns).
        """
        stop = self.height if stop is None else stop
        for start in range(0, stop, rows):
            number = min(rows, stop - start)
            flat = np.fromfile(self.path, self.dtype, number * self.count * self.width, offset=start * self.row_bytes)
            yield start, flat.reshape(number, self.count, self.width).transpose(1, 0, 2)

    def write_vrt(
        self,
        path: Path,
        overviews: Sequence[Path] = (),
        crs: CRS | None = None,
        transform: Affine | None = None,
        nodata: float | None = None,
        band_names: Sequence[str] = (),
        palette: Sequence[Sequence[int]] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Writes the description by which GDAL reads the raster without loading it.

        Args:
            path: The VRT, in the folder of the raster: GDAL refuses raw pixels from elsewhere.
            overviews: VRTs of the same bands at half, a quarter, ... of the size, in the same folder.
            crs: Coordinate reference system.
            transform: Affine from (column, row) to map coordinates.
            nodata: Value of missing pixels.
            band_names: Descriptions of the bands.
            palette: Colours of the values from 0, each (red, green, blue) from 0 to 255; a single band only.
            tags: Metadata of the dataset.
        """
        root = ElementTree.Element('VRTDataset', rasterXSize=str(self.width), rasterYSize=str(self.height))
        if crs is not None:
            ElementTree.SubElement(root, 'SRS', dataAxisToSRSAxisMapping='1,2').text = crs.to_wkt(version='WKT2')
        if transform is not None:
            coefficients = ', '.join(f'{value!r}' for value in transform.to_gdal())
            ElementTree.SubElement(root, 'GeoTransform').text = coefficients
        if tags:
            metadata = ElementTree.SubElement(root, 'Metadata')
            for key, value in sorted(tags.items()):
                ElementTree.SubElement(metadata, 'MDI', key=key).text = value
        for band in range(self.count):
            element = self._band(root, band, nodata)
            if band < len(band_names):
                ElementTree.SubElement(element, 'Description').text = band_names[band]
            if palette:
                _add_palette(element, palette)
            for overview in overviews:
                level = ElementTree.SubElement(element, 'Overview')
                ElementTree.SubElement(level, 'SourceFilename', relativeToVRT='1').text = overview.name
                ElementTree.SubElement(level, 'SourceBand').text = str(band + 1)
        path.write_bytes(ElementTree.tostring(root, encoding='utf-8'))

    def _band(self, root: ElementTree.Element, band: int, nodata: float | None) -> ElementTree.Element:
        name = typename_fwd[dtype_rev[self.dtype.name]]
        attributes = {'dataType': name, 'band': str(band + 1), 'subClass': 'VRTRawRasterBand'}
        element = ElementTree.SubElement(root, 'VRTRasterBand', attributes)
        if nodata is not None:
            ElementTree.SubElement(element, 'NoDataValue').text = repr(nodata)
        layout = {
            'ImageOffset': band * self.width * self.dtype.itemsize,
            'PixelOffset': self.dtype.itemsize,
            'LineOffset': self.row_bytes,
            'ByteOrder': 'LSB' if sys.byteorder == 'little' else 'MSB',
        }
        ElementTree.SubElement(element, 'SourceFilename', relativeToVRT='1').text = self.path.name
        for key, value in layout.items():
            ElementTree.SubElement(element, key).text = str(value)
        return element


def _add_palette(element: ElementTree.Element, palette: Sequence[Sequence[int]]) -> None:
    ElementTree.SubElement(element, 'ColorInterp').text = 'Palette'
    table = ElementTree.SubElement(element, 'ColorTable')
    for red, green, blue in palette:
        ElementTree.SubElement(table, 'Entry', c1=str(red), c2=str(green), c3=str(blue), c4='255')
