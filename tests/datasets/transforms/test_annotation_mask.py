"""Masks of annotations against the published generator."""

import random

import numpy as np
import pytest

from mmrs.datasets.transforms.annotation_mask import MaskAnnotation, clustered_mask
from mmrs.errors import ConfigError


def test_published_masks(fixtures_dir):
    with np.load(fixtures_dir / 'skysensepp' / 'masking_generator.npz') as file:
        small, big = file['masks'], file['masks_big']
    for grid, number, expected in ((small.shape[1:], 16, small), (big.shape[1:], 204, big)):
        for seed, mask in enumerate(expected):
            found = clustered_mask(grid, number, rectangles=random.Random(seed), cells=np.random.RandomState(seed))
            assert np.array_equal(found, mask)


def test_masks_hide_half_and_cluster():
    masks = [MaskAnnotation(lower_half=0).transform({})['mask'] for _ in range(20)]
    assert {int(mask.sum()) for mask in masks} == {16}
    assert len({mask.tobytes() for mask in masks}) > 15
    beside = np.mean([(mask[1:] == mask[:-1]).mean() for mask in masks])
    assert beside > 0.6  # scattered cells agree with half of their neighbours


def test_lower_half():
    mask = MaskAnnotation(grid=(4, 2), lower_half=1).transform({})['mask']
    assert mask.tolist() == [[0, 0], [0, 0], [1, 1], [1, 1]]
    drawn = [MaskAnnotation(lower_half=0.3).transform({})['mask'][4:].all() for _ in range(100)]
    assert 15 < sum(drawn) < 45


@pytest.mark.parametrize('options', [dict(grid=(3, 4)), dict(ratio=0), dict(lower_half=1.5)])
def test_options_out_of_range(options):
    with pytest.raises(ConfigError, match='MaskAnnotation'):
        MaskAnnotation(**options)


def test_more_cells_than_there_are():
    with pytest.raises(ConfigError, match='9 of 2 x 4'):
        clustered_mask((2, 4), 9)
