"""Class maps and detections as polygons in the scene's coordinate reference system."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import rasterio.warp
import shapely
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from mmrs.errors import RasterError
from mmrs.geo.georeference import equal_area_crs, is_true_to_scale, unit_metres
from mmrs.geo.polygons import stream_polygons
from mmrs.geo.scene import Scene
from mmrs.geo.vector_file import vector_file

CHUNK_PIXELS = 1 << 21


def polygonize(
    class_map: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    class_names: Sequence[str],
    skip: Collection[int] = (),
    min_area: float = 0.0,
    simplify: float = 0.0,
) -> int:
    """Writes each connected region of a class map as a polygon.

    Fields: ``class_id``, ``class`` (name), ``pixels`` and ``area_m2`` (before simplification; in the map projection
    where that is true to within 2 %, else in an equal-area one; absent without a CRS). Memory holds a few rows and the
    regions that they cross; a region as large as the scene, such as background, is better skipped.

    Args:
        class_map: One-band integer raster; its nodata value makes no polygon.
        destination: ``.gpkg`` (written as it grows), ``.geojson`` or ``.fgb``.
        class_names: Names of the values from 0; values beyond them are named by their number.
        skip: Values that make no polygon, for example background.
        min_area: Smaller regions are left out; square metres, or pixels without a CRS.
        simplify: Tolerance in pixels for straightening outlines (Douglas-Peucker, each polygon by itself: neighbours
            may part or overlap by as much). 0 keeps pixel edges.

    Returns:
        Number of polygons.

    Raises:
        RasterError: If the map is not readable, not one band of integers, or the output cannot be written.
    """
    with Scene(class_map) as scene:
        if len(scene.bands) != 1 or scene.dtype.kind not in 'ui':
            found = f'{len(scene.bands)} band(s) of {scene.dtype}'
            raise RasterError(class_map, found, 'a class map: one band of integers', 'Pass the map, not the image.')
        missing = {int(value) for value in scene.nodata if value is not None and float(value).is_integer()}
        measure = None if scene.crs is None else _Area(scene, scene.crs)
        fields = {'class_id': np.int32, 'class': object, 'pixels': np.int64} | (
            {'area_m2': np.float64} if measure else {}
        )
        with vector_file(destination, fields, scene.crs) as file:
            for polygons, values in stream_polygons(_chunks(scene), scene.height, {*skip, *missing}):
                pixels = np.rint(shapely.area(polygons)).astype(np.int64)
                area = pixels.astype(float) if measure is None else measure(polygons, pixels)
                keep = area >= min_area
                polygons = shapely.simplify(polygons[keep], simplify) if simplify else polygons[keep]
                names = np.array([_name(class_names, value) for value in values[keep]], object)
                attributes = {'class_id': values[keep], 'class': names, 'pixels': pixels[keep], 'area_m2': area[keep]}
                file.add(_to_map(polygons, scene.transform), **attributes)
            return file.count


def write_boxes(
    boxes: ArrayLike,
    destination: str | os.PathLike[str],
    class_names: Sequence[str],
    labels: ArrayLike,
    scores: ArrayLike,
    crs: CRS | None = None,
    transform: Affine | None = None,
) -> int:
    """Writes detections as polygons.

    Fields: ``class_id``, ``class`` (name), ``score`` and, for oriented boxes, ``angle`` as given (radians, ``le90``).

    Args:
        boxes: (n, 4) of (x1, y1, x2, y2) or (n, 5) of (cx, cy, w, h, angle), in pixels from the scene's upper left
            corner; the angle turns the width from the x axis towards the y axis (down), in radians.
        destination: ``.gpkg``, ``.geojson`` or ``.fgb``.
        class_names: Names of the labels from 0.
        labels: (n,) class of each box.
        scores: (n,) confidence of each box.
        crs: Coordinate reference system; None writes pixel coordinates.
        transform: Affine from (column, row) to map coordinates; None is the identity.

    Returns:
        Number of boxes.

    Raises:
        RasterError: If the output cannot be written.
        ValueError: If the boxes have neither 4 nor 5 columns, or labels or scores are of another length.
    """
    array, classes, confidence = np.asarray(boxes, float), np.asarray(labels), np.asarray(scores, float)
    if array.ndim != 2 or array.shape[1] not in (4, 5) or not len(array) == len(classes) == len(confidence):
        raise ValueError(f'boxes {array.shape} with {len(classes)} labels and {len(confidence)} scores')
    oriented = array.shape[1] == 5
    fields = {'class_id': np.int32, 'class': object, 'score': np.float64} | ({'angle': np.float64} if oriented else {})
    polygons = shapely.polygons(box_corners(array)) if len(array) else np.empty(0, object)
    names = np.array([_name(class_names, label) for label in classes], object)
    with vector_file(destination, fields, crs) as file:
        attributes = {'class_id': classes, 'class': names, 'score': confidence, 'angle': array[:, -1]}
        file.add(_to_map(polygons, transform or Affine.identity()), **attributes)
    return len(array)


def box_corners(boxes: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Corners of boxes, in order around each.

    Args:
        boxes: As for ``write_boxes``.

    Returns:
        (n, 4, 2) of (x, y).
    """
    unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    if boxes.shape[1] == 4:
        centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        return centre[:, None] + unit * size[:, None]
    cosine, sine = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    along, across = np.stack([cosine, sine], 1), np.stack([-sine, cosine], 1)
    sides = unit * boxes[:, None, 2:4]
    return boxes[:, None, :2] + sides[..., :1] * along[:, None] + sides[..., 1:] * across[:, None]


def le90(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Oriented boxes with w not below h and angles from -pi / 2 up to pi / 2.

    Args:
        boxes: (n, 5) in any convention; (n, 4) stays as it is.
    """
    if boxes.shape[1] == 4:
        return boxes
    swap = boxes[:, 2] < boxes[:, 3]
    sides = np.sort(boxes[:, 2:4], axis=1)[:, ::-1]
    angle = (boxes[:, 4] + swap * (np.pi / 2) + np.pi / 2) % np.pi - np.pi / 2
    return np.concatenate([boxes[:, :2], sides, angle[:, None]], 1).astype(np.float32)


class _Area:
    """Square metres of polygons in pixel coordinates."""

    def __init__(self, scene: Scene, crs: CRS) -> None:
        self.transform, self.crs = scene.transform, crs
        place = (crs, self.transform, scene.width, scene.height)
        self.target: CRS | None = None
        self.pixel = 0.0
        if is_true_to_scale(*place) or scene.gsd is None:
            self.pixel = abs(self.transform.determinant) * unit_metres(crs) ** 2
        else:
            self.target = equal_area_crs(*place)

    def __call__(self, polygons: NDArray[np.object_], pixels: NDArray[np.int64]) -> NDArray[np.float64]:
        if self.target is None or len(polygons) == 0:
            return pixels.astype(np.float64) * self.pixel
        projected = shapely.transform(_to_map(polygons, self.transform), self._project)
        return np.asarray(shapely.area(projected), np.float64)

    def _project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = rasterio.warp.transform(self.crs, self.target, points[:, 0], points[:, 1])[:2]
        return np.stack([x, y], axis=1)


def _chunks(scene: Scene) -> Iterator[tuple[int, NDArray[Any]]]:
    """Rows of the map, a power of two at a time: these meet the edges of blocks."""
    rows = 1 << max(4, (CHUNK_PIXELS // scene.width).bit_length() - 1)
    for start in range(0, scene.height, rows):
        yield start, scene.read(Window(0, start, scene.width, min(rows, scene.height - start)))[0]


def _to_map(polygons: NDArray[np.object_], transform: Affine) -> NDArray[np.object_]:
    matrix = np.array([[transform.a, transform.d], [transform.b, transform.e]])
    return shapely.transform(polygons, lambda points: points @ matrix + (transform.c, transform.f))


def _name(class_names: Sequence[str], value: int) -> str:
    return class_names[value] if 0 <= value < len(class_names) else str(value)
