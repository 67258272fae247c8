"""Statistics in one pass equal those of all pixels at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_sets import cropland, listed, save

from mmrs.datasets.catalogue import get
from mmrs.datasets.pixels import read_pixels
from mmrs.datasets.statistics import Moments, dataset_statistics
from mmrs.errors import DataError, RasterError


def test_moments_of_pieces_equal_those_of_the_whole() -> None:
    random = np.random.default_rng(0)
    pieces = [random.normal(1e4, 3, (2, height, 7)).astype(np.float32) for height in (3, 11, 1)]
    pieces[1][0, 2, 2] = np.nan
    moments = Moments()
    for piece in pieces:
        moments.add(piece)
    whole = np.concatenate([piece.reshape(2, -1) for piece in pieces], 1).astype(np.float64)
    np.testing.assert_allclose(moments.mean, np.nanmean(whole, 1), rtol=1e-12)
    np.testing.assert_allclose(moments.std, np.nanstd(whole, 1), rtol=1e-9)
    assert (
        moments.low.tolist() == np.nanmin(whole, 1).tolist() and moments.high.tolist() == np.nanmax(whole, 1).tolist()
    )
    assert moments.count.tolist() == [104, 105]


def test_shares_and_limit(tmp_path: Path) -> None:
    cropland(tmp_path, 5)
    save(tmp_path / 'train/Label/4.png', np.full((8, 8), 255, np.uint8))
    found = dataset_statistics(get('cropland'), tmp_path, 'train')
    assert found.samples == 5 and found.pixels[[0, 1, 255]].tolist() == [128, 128, 64]
    first = np.concatenate([read_pixels(tmp_path / f'train/Img/{n}.png').reshape(3, -1) for n in range(5)], 1)
    np.testing.assert_allclose(found.bands['image'].mean, first.mean(1))
    assert dataset_statistics(get('cropland'), tmp_path, 'train', limit=2).samples == 2


def test_time_series_count_every_date(tmp_path: Path) -> None:
    series = np.arange(3 * 10 * 4, dtype=np.int16).reshape(3, 10, 2, 2)
    listed(tmp_path, series, np.ones((2, 2), np.uint8), ('s2_path', 'target_path'), '.npz', 1)
    found = dataset_statistics(get('germany-crops'), tmp_path, 'train')
    np.testing.assert_allclose(found.bands['image'].mean, series.mean((0, 2, 3)))
    assert found.pixels[0] == 4


def test_nothing_there_and_mixed_bands(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='found no sample'):
        dataset_statistics(get('cropland'), tmp_path, 'train')
    cropland(tmp_path)
    save(tmp_path / 'train/Img/1.png', np.zeros((8, 8), np.uint8))
    with pytest.raises(RasterError, match=r'1\.png: found 1 band\(s\); expected band 2, 3'):
        dataset_statistics(get('cropland'), tmp_path, 'train')
    with pytest.raises(DataError, match='1 bands where the first has 3'):
        dataset_statistics(replace(get('cropland'), sensor=None), tmp_path, 'train')
