"""Numbers about patches: what is missing, statistics, and which patches are near-identical."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from mmrs.datasets.pretraining.patches import band_statistics, difference_hash, duplicates, present_samples


def landscape(seed: int, size: int = 96) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(size + 8, size + 8))
    smooth = gaussian_filter(noise, 8)
    return (120 + 60 * smooth / smooth.std())[None].astype(np.float32)


def test_missing_samples_are_nodata_nan_and_zero_where_told() -> None:
    data = np.array([[[0, 1, np.nan]], [[-9, 0, 3]]], np.float32)
    assert present_samples(data, (None, -9.0), zero=False).tolist() == [[[True, True, False]], [[False, True, True]]]
    assert present_samples(data, (None, -9.0), zero=True).tolist() == [[[False, True, False]], [[False, False, True]]]


def test_statistics_count_what_is_there() -> None:
    data = np.random.default_rng(0).integers(0, 60000, (3, 20, 30)).astype(np.uint16)
    present = np.random.default_rng(1).random(data.shape) < 0.5
    present[2] = False
    found = band_statistics(data, present)
    for band in range(2):
        values = data[band][present[band]].astype(np.float64)
        assert found.mean[band] == pytest.approx(values.mean(), rel=1e-12)
        assert found.std[band] == pytest.approx(values.std(), rel=1e-9)
        assert (found.minimum[band], found.maximum[band]) == (values.min(), values.max())
    assert np.isnan([found.mean[2], found.std[2], found.minimum[2], found.maximum[2]]).all()
    assert not found.constant
    assert band_statistics(np.full((2, 4, 4), 7, np.uint8), np.ones((2, 4, 4), bool)).constant
    assert band_statistics(data[:1], np.zeros((1, 20, 30), bool)).constant


def test_near_identical_images_share_most_bits_and_others_do_not() -> None:
    image = landscape(0)
    first = difference_hash(image[:, :96, :96])
    noisy = image + np.random.default_rng(5).normal(scale=8, size=image.shape)
    assert (first ^ difference_hash(noisy[:, :96, :96])).bit_count() <= 3
    assert (first ^ difference_hash(image[:, 1:97, 1:97] * 1.3)).bit_count() <= 5
    distances = [(first ^ difference_hash(landscape(seed)[:, :96, :96])).bit_count() for seed in range(1, 20)]
    assert min(distances) > 12
    assert difference_hash(np.full((1, 32, 32), np.nan)) == 0


@pytest.mark.parametrize('bits', [0, 1, 3, 7])
def test_duplicates_are_those_of_all_comparisons(bits: int) -> None:
    random = np.random.default_rng(bits)
    hashes: list[tuple[int, int]] = []
    for _ in range(40):
        one, two = (int(value) for value in random.integers(0, 2**63, 2))
        hashes.append((one, two))
        for _ in range(4):  # the same with some bits turned, each independently
            turned = [sum(1 << int(bit) for bit in random.choice(64, random.integers(0, 10), False)) for _ in range(2)]
            hashes.append((one ^ turned[0], two ^ turned[1]))
    expected: list[bool] = []
    for index, (one, two) in enumerate(hashes):
        kept = [other for other in range(index) if not expected[other]]
        expected.append(any(
            (one ^ hashes[k][0]).bit_count() <= bits and (two ^ hashes[k][1]).bit_count() <= bits for k in kept
        ))  # fmt: skip
    assert 0 < sum(expected) < len(hashes)
    assert duplicates(hashes, bits) == expected
    assert not any(duplicates(hashes, -1))


def test_one_place_at_two_dates_of_the_radar_is_no_duplicate() -> None:
    assert duplicates([(5, 9), (5, 2**60 - 1), (5, 9)], 3) == [False, False, True]
