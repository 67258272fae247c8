"""Vector files written in batches, complete or not at all."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS

from mmrs.errors import RasterError
from mmrs.geo.gdal import cannot_write, replacing

DRIVERS = {'.gpkg': 'GPKG', '.geojson': 'GeoJSON', '.json': 'GeoJSON', '.fgb': 'FlatGeobuf'}
# GeoPackages carry the time of their last change; a fixed one makes equal content equal bytes.
TIMESTAMP = '1970-01-01T00:00:00.000Z'


class VectorFile:
    """Polygons with attributes on their way into a file; made by ``vector_file``.

    A GeoPackage grows batch by batch. GeoJSON and FlatGeobuf cannot be appended to: they are held until the end.

    Args:
        path: File to write.
        fields: Names and dtypes of the attributes; ``object`` for text.
        crs: Coordinate reference system.

    Attributes:
        count: Polygons added so far.
    """

    def __init__(self, path: Path, fields: dict[str, Any], crs: CRS | None) -> None:
        self.count = 0
        self._path, self._crs = path, crs
        self._driver = DRIVERS[path.suffix.lower()]
        self._empty = {name: np.empty(0, dtype) for name, dtype in fields.items()}
        self._held: list[tuple[NDArray[np.object_], dict[str, NDArray[Any]]]] = []
        self._started = False

    def add(self, polygons: NDArray[np.object_], **attributes: NDArray[Any]) -> None:
        """Adds polygons.

        Args:
            polygons: Shapely polygons in map coordinates.
            **attributes: One array for each field.
        """
        if len(polygons) == 0:
            return
        self.count += len(polygons)
        columns = {name: np.asarray(attributes[name], empty.dtype) for name, empty in self._empty.items()}
        if self._driver == 'GPKG':
            self._write(polygons, columns)
        else:
            self._held.append((polygons, columns))

    def finish(self) -> None:
        """Writes what is held; an empty file when nothing was added."""
        if self._held:
            columns = {name: np.concatenate([held[name] for _, held in self._held]) for name in self._empty}
            self._write(np.concatenate([polygons for polygons, _ in self._held]), columns)
        elif not self._started:
            self._write(np.empty(0, object), self._empty)

    def _write(self, polygons: NDArray[np.object_], columns: dict[str, NDArray[Any]]) -> None:
        to_wgs84 = self._driver == 'GeoJSON'
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', message=".*'crs' was not provided")
            pyogrio.raw.write(
                self._path,
                shapely.to_wkb(polygons),
                list(columns.values()),
                list(columns),
                driver=self._driver,
                geometry_type='Polygon',
                crs=None if self._crs is None else self._crs.to_wkt(version='WKT2'),
                append=self._started,
                layer_options={'RFC7946': 'YES'} if to_wgs84 else {},
            )
        self._started = True


def check_vector(destination: str | os.PathLike[str], crs: CRS | None) -> None:
    """Checks that a vector file of this name can hold polygons in this reference system.

    Args:
        destination: File to write.
        crs: Coordinate reference system of the polygons.

    Raises:
        RasterError: If the suffix is unknown, or GeoJSON is asked for without a CRS: its coordinates are longitudes
            and latitudes by definition, so that pixel coordinates would be read as places.
    """
    suffix = Path(destination).suffix.lower()
    if suffix not in DRIVERS:
        found = f'the suffix {suffix or "(none)"}'
        raise RasterError(
            destination, found, f'one of {" ".join(DRIVERS)}', 'Choose a name with one of these suffixes.'
        )
    if crs is None and DRIVERS[suffix] == 'GeoJSON':
        expected = 'one, because GeoJSON holds longitudes and latitudes only'
        fix = 'Write .gpkg (--polygons gpkg), or give the scene its CRS: rio edit-info --crs EPSG:CODE SCENE.'
        raise RasterError(destination, 'no coordinate reference system', expected, fix)


@contextmanager
def vector_file(destination: str | os.PathLike[str], fields: dict[str, Any], crs: CRS | None) -> Iterator[VectorFile]:
    """Opens a vector file for writing; it gets its name when all polygons are in it.

    Args:
        destination: ``.gpkg``, ``.geojson`` (in longitude and latitude, as RFC 7946 demands) or ``.fgb``.
        fields: Names and dtypes of the attributes; ``object`` for text.
        crs: Coordinate reference system of the polygons; None writes plain pixel coordinates (not to GeoJSON).

    Yields:
        The file, to ``add`` to.

    Raises:
        RasterError: If the suffix is another one, GeoJSON lacks a CRS, or the file cannot be written.
    """
    check_vector(destination, crs)
    pyogrio.set_gdal_config_options({'OGR_CURRENT_DATE': TIMESTAMP})
    with replacing(destination) as temporary:
        try:
            file = VectorFile(temporary, fields, crs)
            yield file
            file.finish()
        except RuntimeError as error:  # the base of all that pyogrio raises
            raise cannot_write(destination, error) from error
