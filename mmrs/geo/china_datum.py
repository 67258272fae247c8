"""GCJ-02 and BD-09, the shifted coordinates of Chinese map services (SkySense++ specification, section 7).

Map tiles of these services lie some hundred metres beside WGS 84, by a shift that changes from place to place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

AXIS, ECCENTRICITY = 6378245.0, 0.00669342162296594323  # Krassowsky 1940: half axis in metres, first squared
BAIDU = np.pi * 3000 / 180
BOUNDS = (73.66, 135.05, 3.86, 53.55)  # west, east, south, north: nothing is shifted outside


def wgs84_to_gcj02(longitude: ArrayLike, latitude: ArrayLike) -> NDArray[np.float64]:
    """Shifts coordinates to GCJ-02.

    Args:
        longitude: Degrees east, any shape.
        latitude: Degrees north, of the same shape.

    Returns:
        (2, ...): longitude and latitude in degrees.
    """
    place = np.stack([np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)])
    return place + _shift(*place)


def gcj02_to_wgs84(longitude: ArrayLike, latitude: ArrayLike, steps: int = 6) -> NDArray[np.float64]:
    """The inverse of :func:`wgs84_to_gcj02`.

    Args:
        longitude: Degrees east, any shape.
        latitude: Degrees north, of the same shape.
        steps: Rounds of the fixed-point iteration: 6 are exact to a tenth of a millimetre. 1 is the original's: it
            takes the shift of the shifted place and errs by up to half a metre.

    Returns:
        (2, ...): longitude and latitude in degrees.
    """
    target = np.stack([np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)])
    place = target
    for _ in range(steps):
        place = target - _shift(*place)
    return place


def gcj02_to_bd09(longitude: ArrayLike, latitude: ArrayLike) -> NDArray[np.float64]:
    """Shifts GCJ-02 on to BD-09.

    Args:
        longitude: Degrees east, any shape.
        latitude: Degrees north, of the same shape.

    Returns:
        (2, ...): longitude and latitude in degrees.
    """
    x, y = np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)
    length = np.hypot(x, y) + 2e-5 * np.sin(y * BAIDU)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * BAIDU)
    return np.stack([length * np.cos(angle) + 0.0065, length * np.sin(angle) + 0.006])


def _shift(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, ...) degrees from WGS 84 to GCJ-02."""
    x, y = longitude - 105, latitude - 35
    both = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    north = both + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi * y / 3)
    north += 160 * np.sin(np.pi * y / 12) + 320 * np.sin(np.pi * y / 30)
    north = north * 2 / 3 - 100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    east = both + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi * x / 3)
    east += 150 * np.sin(np.pi * x / 12) + 300 * np.sin(np.pi * x / 30)
    east = east * 2 / 3 + 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    radians = np.radians(latitude)
    magic = 1 - ECCENTRICITY * np.sin(radians) ** 2
    meridian = AXIS * (1 - ECCENTRICITY) / (magic * np.sqrt(magic))
    parallel = AXIS / np.sqrt(magic) * np.cos(radians)
    shift = np.degrees(np.stack([east / parallel, north / meridian]))
    west, far_east, south, far_north = BOUNDS
    inside = (longitude > west) & (longitude < far_east) & (latitude > south) & (latitude < far_north)
    return np.where(inside, shift, 0.0)
