from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmrs.geo.pyramid import build_pyramid, halve
from mmrs.geo.spool import RasterSpool


@given(arrays(np.uint8, st.tuples(st.just(2), st.integers(1, 7), st.integers(1, 7)), elements=st.integers(0, 3)))
def test_mode_is_the_most_frequent_value_and_the_first_of_equals(pixels):
    small = halve(pixels, 'mode')
    assert small.shape == (2, -(-pixels.shape[1] // 2), -(-pixels.shape[2] // 2))
    padded = np.pad(pixels, [(0, 0), (0, pixels.shape[1] % 2), (0, pixels.shape[2] % 2)], mode='edge')
    for band, row, column in np.ndindex(small.shape):
        square = padded[band, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].ravel().tolist()
        assert small[band, row, column] == Counter(square).most_common(1)[0][0]


def test_average_leaves_out_missing_pixels():
    pixels = np.array([[[1, 3, 9, 9, 255, 4], [2, 4, 9, 9, 6, 255]]], 'uint8')
    assert halve(pixels, 'average', 9).tolist() == [[[2, 9, 130]]]
    floats = pixels.astype('float32')
    floats[floats == 255] = np.nan
    np.testing.assert_array_equal(halve(floats, 'average'), [[[2.5, 9, 5]]])
    assert np.isnan(halve(np.full((1, 2, 2), np.nan, 'float32'), 'average')).all()


@pytest.mark.parametrize('shape', [(1, 700, 90), (3, 65, 1030)])
@pytest.mark.parametrize('resampling', ['mode', 'nearest', 'average'])
def test_levels_are_what_halving_the_whole_raster_gives(tmp_path, monkeypatch, shape, resampling):
    monkeypatch.setattr('mmrs.geo.pyramid.BLOCK_BYTES', 20000)
    pixels = np.random.default_rng(0).integers(0, 4, shape).astype('uint8')
    spool = RasterSpool(tmp_path, *shape, 'uint8')
    spool.write(0, pixels)
    levels = build_pyramid(spool.raw, tmp_path, resampling, smallest=200)
    assert max(levels[-1].height, levels[-1].width) <= 200
    for level in levels:
        pixels = halve(pixels, resampling)
        np.testing.assert_array_equal(np.concatenate([rows for _, rows in level.blocks(50)], axis=1), pixels)
