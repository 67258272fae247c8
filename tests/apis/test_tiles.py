"""Reading of tiles: every pixel arrives where it belongs, holes and small scenes included."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin

from mmrs.apis.tiles import TileReader
from mmrs.errors import RasterError
from mmrs.geo.grid import TileGrid
from mmrs.geo.scene import Scene


def write(path, pixels, nodata=None):
    count, height, width = pixels.shape
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        count=count,
        height=height,
        width=width,
        dtype=pixels.dtype,
        nodata=nodata,
        crs='EPSG:32633',
        transform=from_origin(5e5, 5e6, 1, 1),
    ) as dataset:
        dataset.write(pixels)
    return path


def batches_of(path, tile, overlap, batch_size=3, fill=(0.0,), first_row=0, nodata=None):
    with Scene(path, nodata=nodata) as scene:
        grid = TileGrid(scene.height, scene.width, tile, overlap)
        reader = TileReader(scene, grid, tile, batch_size, list(fill) * len(scene.bands))
        return grid, list(reader.batches(first_row))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(2, 20), st.data())
def test_tiles_hold_the_pixels_of_their_place(tmp_path_factory, height, width, tile, data) -> None:
    overlap = data.draw(st.integers(0, tile - 1))
    pixels = np.arange(2 * height * width, dtype=np.int16).reshape(2, height, width)
    path = write(tmp_path_factory.mktemp('scene') / 's.tif', pixels)
    grid, batches = batches_of(path, tile, overlap)
    padded = np.pad(pixels, [(0, 0), (0, max(tile - height, 0)), (0, max(tile - width, 0))], mode='reflect')
    seen = []
    for batch in batches:
        for column, got in zip(batch.columns, batch.pixels, strict=True):
            y, x = grid.row_starts[batch.row], grid.column_starts[column]
            assert np.array_equal(got.numpy(), padded[:, y : y + tile, x : x + tile])
            seen.append((batch.row, column))
    assert seen == [(row, column) for row in range(grid.shape[0]) for column in range(grid.shape[1])]


def test_a_later_start_makes_the_same_batches(tmp_path) -> None:
    path = write(tmp_path / 's.tif', np.random.default_rng(0).integers(0, 255, (3, 60, 50), dtype=np.uint8))
    _, everything = batches_of(path, 16, 4)
    _, later = batches_of(path, 16, 4, first_row=2)
    expected = [batch for batch in everything if batch.row >= 2]
    assert [(b.row, tuple(b.columns), b.last) for b in later] == [(b.row, tuple(b.columns), b.last) for b in expected]
    assert all(torch.equal(a.pixels, b.pixels) for a, b in zip(later, expected, strict=True))


def test_tiles_without_data_are_left_out_and_holes_are_filled(tmp_path) -> None:
    pixels = np.full((1, 32, 48), 7, np.float32)
    pixels[:, :16, 16:32] = -9999
    pixels[:, 20, 3] = np.nan
    _, batches = batches_of(write(tmp_path / 's.tif', pixels, nodata=-9999), 16, 0, fill=[2.5])
    assert [(batch.row, list(batch.columns)) for batch in batches] == [(0, [0, 2]), (1, [0, 1, 2])]
    assert not batches[0].valid[:, 16:32].any() and batches[0].valid[:, :16].all()
    assert batches[1].pixels[0, 0, 4, 3] == 2.5 and not batches[1].valid[4, 3]


def test_a_row_without_data_still_ends(tmp_path) -> None:
    pixels = np.ones((1, 32, 16), np.uint8)
    pixels[:, :16] = 0
    _, batches = batches_of(write(tmp_path / 's.tif', pixels, nodata=0), 16, 0)
    assert [(batch.row, batch.pixels is None, batch.last) for batch in batches] == [(0, True, True), (1, False, True)]


@pytest.mark.parametrize(
    ('dtype', 'expected'),
    [
        ('uint8', torch.uint8),
        ('int16', torch.int16),
        ('uint16', torch.float32),
        ('uint32', torch.float32),
        ('float64', torch.float32),
    ],
)
def test_every_dtype_becomes_one_that_torch_can_use(tmp_path, dtype, expected) -> None:
    pixels = np.full((2, 8, 8), 200, dtype)
    _, batches = batches_of(write(tmp_path / 's.tif', pixels), 8, 0)
    assert batches[0].pixels.dtype == expected and (batches[0].pixels == 200).all()


def test_marker_in_one_band_is_filled_but_a_dark_zero_stays(tmp_path) -> None:
    pixels = np.full((2, 8, 8), 5, np.int16)
    pixels[0, 0, 0] = -9999
    _, batches = batches_of(write(tmp_path / 'marker.tif', pixels, nodata=-9999), 8, 0, fill=[3])
    assert batches[0].pixels[0, 0, 0, 0] == 3 and batches[0].valid is None
    pixels[0, 0, 0] = 0
    _, batches = batches_of(write(tmp_path / 'dark.tif', pixels, nodata=0), 8, 0, fill=[3])
    assert batches[0].pixels[0, 0, 0, 0] == 0


def test_complex_pixels_are_refused(tmp_path) -> None:
    path = write(tmp_path / 's.tif', np.ones((1, 8, 8), np.complex64))
    with pytest.raises(RasterError, match='complex'):
        batches_of(path, 8, 0)
