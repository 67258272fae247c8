"""Two scenes as one: the same grid, other grids and CRSs, missing pixels, and pairs that cannot be compared."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin
from rasterio.warp import calculate_default_transform, transform
from rasterio.windows import Window

from mmrs.errors import RasterError
from mmrs.geo.pair import ScenePair, WarpedScene
from mmrs.geo.scene import Scene

UTM = dict(crs='EPSG:32633', transform=from_origin(500_000, 5_000_000, 2, 2))


def write(path: Path, pixels: np.ndarray, **place: Any) -> str:
    bands, height, width = pixels.shape
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(
            path, 'w', driver='GTiff', count=bands, height=height, width=width, dtype=pixels.dtype, **place
        ) as target:
            target.write(pixels)
    return str(path)


def field(height: int = 40, width: int = 50) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows + columns, 2 * rows + 20, 3 * columns]).astype(np.float32)


def test_one_grid_is_read_as_it_is(tmp_path: Path) -> None:
    before, after = field(), field() + 100
    with ScenePair(write(tmp_path / 'a.tif', before, **UTM), write(tmp_path / 'b.tif', after, **UTM)) as pair:
        assert not pair.aligned and pair.overlap == 1 and len(pair.bands) == 6 and pair.crs == 'EPSG:32633'
        np.testing.assert_array_equal(pair.read(), np.concatenate([before, after]))
        window = Window(3, 5, 20, 10)
        np.testing.assert_array_equal(pair.read(window)[3:], after[:, 5:15, 3:23])
        assert pair.valid().all() and pair.overview(25).shape == (6, 20, 25)
        again = pickle.loads(pickle.dumps(pair))
        np.testing.assert_array_equal(again.read(window), pair.read(window))
        again.close()


def test_a_shifted_grid_is_brought_over_and_missing_pixels_are_known(tmp_path: Path) -> None:
    before = field()
    # The later scene starts 10 columns to the east: its column 0 is column 10 of the earlier one.
    place = dict(UTM, transform=from_origin(500_020, 5_000_000, 2, 2))
    after = write(tmp_path / 'b.tif', before[:, :, 10:] + 100, **place)
    with ScenePair(write(tmp_path / 'a.tif', before, **UTM), after) as pair:
        assert pair.aligned and pair.overlap == pytest.approx(0.8)
        valid = pair.valid()
        assert not valid[:, :10].any() and valid[:, 10:].all()
        np.testing.assert_allclose(pair.read()[3:, :, 10:], before[:, :, 10:] + 100, atol=1e-3)


@pytest.mark.parametrize('nodata', [None, -1.0])
def test_another_projection_and_resolution_bring_each_pixel_to_its_place(tmp_path: Path, nodata: float | None) -> None:
    """The later scene, in degrees, holds the easting and northing of its own pixels: on the earlier grid, its."""
    before = write(tmp_path / 'a.tif', field()[:2], **UTM)
    degrees, width, height = calculate_default_transform(
        'EPSG:32633', 'EPSG:4326', 70, 60, 499_990, 4_999_905, 500_110, 5_000_010
    )
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    longitude, latitude = degrees.c + degrees.a * columns, degrees.f + degrees.e * rows
    metres = transform('EPSG:4326', 'EPSG:32633', longitude.ravel(), latitude.ravel())
    places = np.reshape(metres, (2, height, width)) - np.array([499_000, 4_999_000])[:, None, None]
    after = write(tmp_path / 'b.tif', places.astype(np.float32), crs='EPSG:4326', transform=degrees, nodata=nodata)
    with ScenePair(before, after) as pair:
        assert pair.aligned and pair.after.transform == UTM['transform'] and pair.overlap == pytest.approx(1)
        assert pair.valid().all()
        found = pair.read()[2:]
        columns, rows = np.meshgrid(np.arange(50), np.arange(40))
        np.testing.assert_allclose(found[0], 1_001 + 2 * columns, atol=0.1)  # metres, of pixels of 2 m
        np.testing.assert_allclose(found[1], 999 - 2 * rows, atol=0.1)
        parts = [pair.read(Window(0, row, 50, 8))[2:] for row in range(0, 40, 8)]
        np.testing.assert_allclose(np.concatenate(parts, axis=1), found, atol=0.1)


def test_an_alpha_band_of_the_later_scene_stays_a_mask(tmp_path: Path) -> None:
    rgba = np.full((4, 40, 40), 90, np.uint8)
    rgba[3] = 255
    rgba[3, :20] = 0
    place = dict(UTM, transform=from_origin(500_004, 5_000_000, 2, 2), photometric='rgb', alpha='yes')
    before = write(tmp_path / 'a.tif', np.full((3, 40, 50), 50, np.uint8), **UTM)
    with ScenePair(before, write(tmp_path / 'b.tif', rgba, **place)) as pair:
        assert len(pair.bands) == 6
        valid = pair.valid()
        assert not valid[:18].any() and valid[24:38, 4:40].all() and not valid[:, 44:].any()
        assert (pair.read()[3:, 26:36, 6:38] == 90).all()


def test_without_any_crs_pairs_of_one_size_are_compared_pixel_by_pixel(tmp_path: Path) -> None:
    before, after = write(tmp_path / 'a.tif', field()), write(tmp_path / 'b.tif', field() + 1)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        with ScenePair(before, after) as pair:
            assert not pair.aligned and pair.crs is None
        with pytest.raises(RasterError, match=r'a\.tif: found no coordinate reference system \(50 x 40 and 60 x 40'):
            ScenePair(before, write(tmp_path / 'c.tif', field(40, 60)))
        with pytest.raises(RasterError, match=r'a\.tif: found no coordinate reference system'):
            ScenePair(before, write(tmp_path / 'd.tif', field(), **UTM))


def test_pairs_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    before = write(tmp_path / 'a.tif', field(), **UTM)
    far = write(tmp_path / 'far.tif', field(), **dict(UTM, transform=from_origin(600_000, 5_000_000, 2, 2)))
    with pytest.raises(RasterError, match=r'far\.tif: found x 600000 to .*a\.tif; expected an extent that overlaps'):
        ScenePair(before, far)
    with pytest.raises(RasterError, match=r'two\.tif: found 2 bands; expected 3'):
        ScenePair(before, write(tmp_path / 'two.tif', field()[:2], **UTM))
    with pytest.raises(RasterError, match=r'absent\.tif'):
        ScenePair(before, tmp_path / 'absent.tif')


def test_warped_scenes_close_both_files(tmp_path: Path) -> None:
    path = write(tmp_path / 'a.tif', field(), **UTM)
    with Scene(path) as like:
        scene = WarpedScene(path, like)
        opened = list(scene._opened)
        scene.close()
    assert len(opened) == 2 and all(dataset.closed for dataset in opened)
