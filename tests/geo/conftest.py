"""Tiny rasters, and a disk that is full."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import settings

UTM = 'EPSG:32633'
# Wall-clock limits of single examples fail on busy machines.
settings.register_profile('patient', deadline=None)
settings.load_profile('patient')

NORTH_UP = Affine(10, 0, 500000, 0, -10, 5400000)


@pytest.fixture
def make_raster(tmp_path: Path) -> Callable[..., Path]:
    """Writes an array as GeoTIFF (or as the format of the name's suffix) with rasterio's own options."""

    def make(pixels: np.ndarray, name: str = 'scene.tif', **profile: Any) -> Path:
        bands = pixels if pixels.ndim == 3 else pixels[None]
        profile = {'crs': UTM, 'transform': NORTH_UP, 'driver': 'GTiff'} | profile
        count, height, width = bands.shape
        path = tmp_path / name
        with rasterio.open(path, 'w', count=count, height=height, width=width, dtype=bands.dtype, **profile) as file:
            file.write(bands)
        return path

    return make


@pytest.fixture
def full_disk() -> Callable[[int], Any]:
    """A context in which files stop growing at a number of bytes, as on a full disk (EFBIG instead of ENOSPC)."""

    @contextmanager
    def limit(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit
