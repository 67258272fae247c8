"""Ground size of pixels, whatever the coordinate reference system."""

from __future__ import annotations

import math

import rasterio.warp
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.transform import from_gcps

from mmrs.geo.gdal import GDAL_ERRORS

# Projected lengths are taken as metres on the ground while they agree this well (UTM: 0.04 %; Web Mercator: not).
NOMINAL_TOLERANCE = 0.01
# Affine fits to ground control points worse than this are no place for a pixel.
GCP_TOLERANCE_PIXELS = 0.5
WGS84_AXIS, WGS84_ECCENTRICITY2 = 6378137.0, 0.00669437999014


def ground_sampling_distance(crs: CRS | None, transform: Affine, width: int, height: int) -> tuple[float, float] | None:
    """Metres on the ground from one pixel to the next at the raster's centre.

    Projected systems give their nominal pixel size while it is within 1 % of the ground distance; geographic systems
    and those with large scale errors (Web Mercator away from the equator) give the distance on the WGS84 ellipsoid.

    Args:
        crs: Coordinate reference system; None has no ground distance.
        transform: Affine from (column, row) to map coordinates; rotation is allowed.
        width: Columns of the raster.
        height: Rows of the raster.

    Returns:
        (along a row, along a column) in metres, or None when it is unknown.
    """
    if crs is None:
        return None
    nominal = _nominal(crs, transform)
    ground = _ellipsoidal(crs, transform, width, height)
    if ground is None or (
        nominal is not None and all(abs(n - g) <= NOMINAL_TOLERANCE * g for n, g in zip(nominal, ground, strict=True))
    ):
        return nominal
    return ground


def is_true_to_scale(crs: CRS, transform: Affine, width: int, height: int) -> bool:
    """Whether lengths and areas in map units are those on the ground, within 1 and 2 per cent.

    Args:
        crs: Coordinate reference system.
        transform: Affine from (column, row) to map coordinates.
        width: Columns of the raster.
        height: Rows of the raster.
    """
    nominal = _nominal(crs, transform)
    return nominal is not None and nominal == ground_sampling_distance(crs, transform, width, height)


def equal_area_crs(crs: CRS, transform: Affine, width: int, height: int) -> CRS:
    """Lambert azimuthal equal-area system in metres about the raster's centre.

    Args:
        crs: Coordinate reference system of the raster.
        transform: Affine from (column, row) to map coordinates.
        width: Columns of the raster.
        height: Rows of the raster.
    """
    (longitude, *_), (latitude, *_) = _centre_cross(crs, transform, width, height)
    return CRS.from_dict(proj='laea', lat_0=latitude, lon_0=longitude, datum='WGS84', units='m')


def apply(transform: Affine, x: float, y: float) -> tuple[float, float]:
    """Transforms a point; affine 3 and older ones do not agree on the operator for it.

    Args:
        transform: The affine.
        x: Column.
        y: Row.
    """
    return transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f


def unit_metres(crs: CRS) -> float:
    """Metres in a map unit of a projected system; 1 where it does not say.

    Args:
        crs: Coordinate reference system.
    """
    try:
        return float(crs.linear_units_factor[1])
    except GDAL_ERRORS:
        return 1.0


def affine_from_gcps(gcps: list[GroundControlPoint]) -> tuple[Affine, float]:
    """Best affine through ground control points.

    Args:
        gcps: At least three points.

    Returns:
        The affine, and its worst distance from a point in pixels.
    """
    transform = from_gcps(gcps)
    back = ~transform
    errors = [math.dist(apply(back, point.x, point.y), (point.col, point.row)) for point in gcps]
    return transform, max(errors)


def _nominal(crs: CRS, transform: Affine) -> tuple[float, float] | None:
    if crs.is_geographic:
        return None
    factor = unit_metres(crs)
    return math.hypot(transform.a, transform.d) * factor, math.hypot(transform.b, transform.e) * factor


def _ellipsoidal(crs: CRS, transform: Affine, width: int, height: int) -> tuple[float, float] | None:
    try:
        longitudes, latitudes = _centre_cross(crs, transform, width, height)
    except GDAL_ERRORS:  # a local system: nobody knows where on Earth it is
        return None
    if not all(map(math.isfinite, [*longitudes, *latitudes])):
        return None
    latitude = math.radians(latitudes[0])
    curvature = 1 - WGS84_ECCENTRICITY2 * math.sin(latitude) ** 2
    north = WGS84_AXIS * (1 - WGS84_ECCENTRICITY2) / curvature**1.5
    east = WGS84_AXIS * math.cos(latitude) / math.sqrt(curvature)

    def metres(index: int) -> float:
        step = math.remainder(longitudes[index] - longitudes[0], 360)
        return math.hypot(math.radians(step) * east, math.radians(latitudes[index] - latitudes[0]) * north)

    return metres(1), metres(2)


def _centre_cross(crs: CRS, transform: Affine, width: int, height: int) -> tuple[list[float], list[float]]:
    """Longitudes and latitudes of the centre, one column further, one row further."""
    x, y = width / 2, height / 2
    points = [apply(transform, *point) for point in ((x, y), (x + 1, y), (x, y + 1))]
    xs, ys = zip(*points, strict=True)
    longitudes, latitudes = rasterio.warp.transform(crs, CRS.from_epsg(4326), xs, ys)[:2]
    return list(longitudes), list(latitudes)
