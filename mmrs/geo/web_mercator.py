"""Web-mercator tiles (EPSG:3857) and their coordinates in degrees and metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmrs.errors import ConfigError

RADIUS = 6378137.0  # metres; the sphere of EPSG:3857


def to_web_mercator(longitude: ArrayLike, latitude: ArrayLike) -> NDArray[np.float64]:
    """Degrees to metres.

    Args:
        longitude: Degrees east, any shape.
        latitude: Degrees north, of the same shape.

    Returns:
        (2, ...): easting and northing in metres.
    """
    east = np.radians(np.asarray(longitude, np.float64)) * RADIUS
    north = np.arcsinh(np.tan(np.radians(np.asarray(latitude, np.float64)))) * RADIUS
    return np.stack([east, north])


def tile_position(x: ArrayLike, y: ArrayLike, zoom: ArrayLike, centre: bool = True) -> NDArray[np.float64]:
    """Where tiles lie.

    Args:
        x: Columns from 180 degrees west.
        y: Rows from the north.
        zoom: Levels, 0 is one tile for the Earth.
        centre: Centre of the tile; else its upper left corner.

    Returns:
        (..., 2): latitude and longitude in degrees.

    Raises:
        ConfigError: A tile is not in its level.
    """
    columns, rows, levels = (np.asarray(value, np.int64) for value in (x, y, zoom))
    if (levels < 0).any() or (np.minimum(columns, rows) < 0).any() or (np.maximum(columns, rows) >= 2**levels).any():
        found = f'x {columns.tolist()}, y {rows.tolist()}, zoom {levels.tolist()}'
        raise ConfigError('tile', found, 'x and y from 0 to 2 ** zoom - 1', 'Check the order: x, y, zoom.')
    shift = 0.5 if centre else 0.0
    longitude = (columns + shift) / 2.0**levels * 360 - 180
    latitude = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (rows + shift) / 2.0**levels))))
    return np.stack([latitude, longitude], axis=-1)
