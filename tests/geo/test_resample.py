"""Resampling a scene: extent, missing pixels and values survive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from mmrs.errors import RasterError
from mmrs.geo.georeference import apply
from mmrs.geo.resample import resample

MakeRaster = Callable[..., Path]


def test_coarser_pixels_are_means_over_the_same_extent(make_raster: MakeRaster, tmp_path: Path) -> None:
    pixels = np.arange(36, dtype=np.float32).reshape(6, 6)
    source = make_raster(pixels)  # 10 m
    with rasterio.open(resample(source, tmp_path / 'out.tif', gsd=30)) as result, rasterio.open(source) as scene:
        assert result.bounds == scene.bounds and result.crs == scene.crs and result.shape == (2, 2)
        np.testing.assert_allclose(result.read(1), pixels.reshape(2, 3, 2, 3).mean((1, 3)), rtol=1e-6)


def test_more_blocks_than_one(make_raster: MakeRaster, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (1300, 700), dtype=np.uint8)
    done: list[tuple[int, int]] = []
    result = resample(make_raster(pixels), tmp_path / 'out.tif', scale=0.5, progress=lambda *at: done.append(at))
    with rasterio.open(result) as raster:
        np.testing.assert_array_equal(raster.read(1), np.round(pixels * 0.5).astype(np.uint8))
    assert done == [(512, 1300), (1024, 1300), (1300, 1300)]


def test_finer_pixels_keep_levels_and_rotation(make_raster: MakeRaster, tmp_path: Path) -> None:
    turned = Affine.translation(5e5, 5e6) * Affine.rotation(30) * Affine.scale(10, -10)
    source = make_raster(np.full((5, 7), 80, np.uint8), transform=turned)
    with rasterio.open(resample(source, tmp_path / 'out.tif', gsd=2.5)) as result:
        assert result.shape == (20, 28)
        assert apply(result.transform, 28, 20) == pytest.approx(apply(turned, 7, 5), abs=1e-3)
        assert (result.read(1) == 80).all()


def test_missing_pixels_stay_missing_and_dark_ones_do_not_join_them(make_raster: MakeRaster, tmp_path: Path) -> None:
    pixels = np.array([[0, 0, 3, 3], [0, 0, 3, 3], [400, 400, 9000, 9000], [400, 400, 9000, 9000]], np.uint16)
    source = make_raster(pixels, nodata=0)
    with rasterio.open(resample(source, tmp_path / 'out.tif', gsd=20, scale=0.1, dtype='uint8')) as result:
        assert result.nodata == 0
        assert result.read(1).tolist() == [[0, 1], [40, 255]]


def test_nan_becomes_the_integer_types_missing_value(make_raster: MakeRaster, tmp_path: Path) -> None:
    source = make_raster(np.array([[np.nan, 7.4], [-3.0, 300.0]], np.float32), nodata=np.nan)
    with rasterio.open(resample(source, tmp_path / 'out.tif', dtype='uint8')) as result:
        assert result.nodata == 0 and result.read(1).tolist() == [[0, 7], [1, 255]]


def test_metres_are_true_in_a_geographic_system(make_raster: MakeRaster, tmp_path: Path) -> None:
    degrees = make_raster(np.zeros((100, 100), np.uint8), crs='EPSG:4326', transform=Affine(1e-4, 0, 10, 0, -1e-4, 60))
    with rasterio.open(resample(degrees, tmp_path / 'a.tif', gsd=11.13)) as result:
        assert result.height == 100 and abs(result.width - 50) <= 1  # a degree of longitude is half as long at 60 N


def test_what_cannot_be_done_is_refused(make_raster: MakeRaster, tmp_path: Path) -> None:
    nowhere = make_raster(np.zeros((4, 4), np.uint8), 'nowhere.tif', crs=None)
    with pytest.raises(RasterError, match='georeferenced'):
        resample(nowhere, tmp_path / 'out.tif', gsd=1.0)
    somewhere = make_raster(np.zeros((4, 4), np.uint8))
    for gsd in (0.0, -1.0, float('nan')):
        with pytest.raises(RasterError, match='--gsd'):
            resample(somewhere, tmp_path / 'out.tif', gsd=gsd)
    (tmp_path / 'file').write_text('')
    with pytest.raises(RasterError, match='writable'):
        resample(somewhere, tmp_path / 'file' / 'out.tif')
    assert not (tmp_path / 'out.tif').exists()
    for name in ('scene.tif', 'out.png'):
        with pytest.raises(RasterError, match='Choose another name'):
            resample(somewhere, tmp_path / name)


def test_full_disk_leaves_no_file(make_raster: MakeRaster, tmp_path: Path, full_disk) -> None:
    source = make_raster(np.random.default_rng(0).integers(0, 255, (700, 600), dtype=np.uint8))
    for size in (100, 5_000, 400_000):
        with full_disk(size), pytest.raises(RasterError, match='cannot be written'):
            resample(source, tmp_path / 'full' / 'out.tif')
        assert not list((tmp_path / 'full').iterdir())
