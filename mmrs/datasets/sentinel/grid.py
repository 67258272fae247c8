"""Map cells: squares of a fixed grid, to which all products of all dates are brought."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import rasterio.warp
from affine import Affine
from numpy.typing import NDArray

from mmrs.geo.web_mercator import RADIUS

WEB_MERCATOR = 'EPSG:3857'
CORNER = math.pi * RADIUS  # metres from the middle of web mercator to its edge
TILE = 256  # pixels of a web-mercator tile


@dataclass(frozen=True)
class Cell:
    """One square.

    Attributes:
        name: Of its place, the same for every product.
        crs: Coordinate reference system.
        transform: From (column, row) to map coordinates.
        size: Side in pixels.
    """

    name: str
    crs: str
    transform: Affine
    size: int

    def outline(self, points: int = 9) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitudes and latitudes along its edges.

        Args:
            points: On each edge.
        """
        steps = np.linspace(0, self.size, points)
        ends = np.zeros(points), np.full(points, self.size)
        columns = np.concatenate([steps, ends[1], steps[::-1], ends[0]])
        rows = np.concatenate([ends[0], steps, ends[1], steps[::-1]])
        xs, ys = self.transform.a * columns + self.transform.c, self.transform.e * rows + self.transform.f
        with rasterio.Env():
            longitudes, latitudes = rasterio.warp.transform(self.crs, 'OGC:CRS84', xs.tolist(), ys.tolist())[:2]
        return np.asarray(longitudes), np.asarray(latitudes)


def utm_crs(longitude: float, latitude: float) -> str:
    """UTM zone of a place, without the exceptions of Norway and Svalbard.

    Args:
        longitude: Degrees east.
        latitude: Degrees north.
    """
    zone = int((longitude + 180) % 360 // 6) + 1
    return f'EPSG:{(32600 if latitude >= 0 else 32700) + zone}'


def resolution(crs: str, gsd: float) -> float:
    """Side of a pixel in map units: in web mercator that of the level that comes nearest.

    Args:
        crs: Coordinate reference system in metres.
        gsd: Metres wanted.
    """
    if crs != WEB_MERCATOR:
        return gsd
    return 2 * CORNER / TILE / 2 ** round(math.log2(2 * CORNER / TILE / gsd))


def cells_touched(
    longitudes: Sequence[float], latitudes: Sequence[float], crs: str, gsd: float, size: int
) -> list[Cell]:
    """Cells that the bounding box of some points touches, from the north-west.

    UTM cells begin at the zone's origin; web-mercator cells at the upper left of the map, so that each holds whole map
    tiles where ``size`` is a multiple of 256.

    Args:
        longitudes: Of the points.
        latitudes: Likewise.
        crs: ``EPSG:3857`` or a UTM zone.
        gsd: Side of a pixel in metres, see :func:`resolution`.
        size: Side of a cell in pixels.
    """
    with rasterio.Env():
        xs, ys = rasterio.warp.transform('OGC:CRS84', crs, list(longitudes), list(latitudes))[:2]
    side = size * (pixel := resolution(crs, gsd))
    west, north = (-CORNER, CORNER) if crs == WEB_MERCATOR else (0.0, 0.0)
    columns = range(math.floor((min(xs) - west) / side), math.ceil((max(xs) - west) / side))
    rows = range(math.floor((north - max(ys)) / side), math.ceil((north - min(ys)) / side))
    code = crs.partition(':')[2]
    return [
        Cell(
            f'{code}-{pixel:g}m_{column}_{row if crs == WEB_MERCATOR else -row - 1}',
            crs,
            Affine(pixel, 0, west + column * side, 0, -pixel, north - row * side),
            size,
        )
        for row in rows
        for column in columns
    ]
