"""Masks of patches for self-distillation."""

import numpy as np
import pytest

from mmrs.datasets.transforms import draw_masks, patch_mask
from mmrs.errors import ConfigError


@pytest.mark.parametrize(('grid', 'count'), [((16, 16), 128), ((16, 16), 25), ((37, 37), 500), ((16, 9), 60)])
def test_hides_what_was_asked_for_in_rectangles(grid, count):
    masks = [patch_mask(grid, count) for _ in range(20)]
    hidden = np.array([mask.sum() for mask in masks])
    assert hidden.max() <= count and hidden.min() >= count - 2
    # a patch beside a hidden one is hidden far more often than any
    beside = np.mean([mask[:, 1:][mask[:, :-1]].mean() for mask in masks])
    assert beside > count / np.prod(grid) + 0.2
    assert not (masks[0] == masks[1]).all()


def test_one_rectangle_is_no_larger_than_half():
    np.random.seed(1)
    assert all(patch_mask((4, 4), 1).sum() <= 1 for _ in range(20))
    assert not patch_mask((4, 4), 0).any()
    assert patch_mask((1, 1), 1).sum() == 0  # nothing fits


def test_a_batch_covers_the_range():
    masks = draw_masks(40, (16, 16), (0.1, 0.5), 0.5)
    assert masks.shape == (40, 256) and masks.dtype == bool
    shares = np.sort(masks.mean(1))
    assert (shares[:20] == 0).all()
    slices = np.linspace(0.1, 0.5, 21)
    assert ((shares[20:] > slices[:-1] - 3 / 256) & (shares[20:] <= slices[1:])).all()
    order = (masks.mean(1) > 0).astype(int)
    assert 1 < np.abs(np.diff(order)).sum()  # shuffled
    assert not draw_masks(6, (4, 4), probability=0).any() and draw_masks(6, (4, 4), probability=1).any(1).all()


@pytest.mark.parametrize('options', [{'ratio': (0.5, 0.1)}, {'ratio': (0.1, 1.0)}, {'probability': 1.5}])
def test_errors(options):
    with pytest.raises(ConfigError, match='mask_ratio'):
        draw_masks(2, (4, 4), **options)
