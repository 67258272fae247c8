"""Block masks against the published generator."""

import numpy as np
import pytest
from reference import read

from mmrs.datasets.transforms import BlockMask, block_mask
from mmrs.errors import ConfigError


def test_published_masks(fixtures_dir):
    reference = read(fixtures_dir / 'mars/mask_generator.npz')
    for index in range(5):
        size, block, patch, ratio = reference.inputs[f'args{index}'].tolist()
        rng = np.random.RandomState(int(reference.inputs[f'seed{index}']))
        mask = block_mask((int(size),) * 2, int(block), int(patch), ratio, rng)
        assert np.array_equal(mask, reference.out[f'm{index}'].numpy())
        repeat = int(block // patch)
        assert mask[::repeat, ::repeat].sum() == reference.out[f'count{index}']


def test_transform_and_other_aspects():
    results = BlockMask(16, 4, 0.5).transform({'img': np.zeros((32, 64, 4), np.uint8)})
    assert results['mask'].shape == (8, 16) and results['mask'].dtype == np.uint8
    assert results['mask'].mean() == 0.5
    assert block_mask((32, 32), 16, rng=np.random.default_rng(0)).sum() == 3 * 16


@pytest.mark.parametrize(
    ('size', 'options', 'subject'),
    [
        ((500, 512), {}, 'mask_patch_size'),
        ((512, 512), {'patch_size': 7}, 'mask_patch_size'),
        ((16, 16), {}, 'mask_patch_size'),
        ((512, 512), {'mask_ratio': 1.5}, 'mask_ratio'),
    ],
)
def test_errors(size, options, subject):
    with pytest.raises(ConfigError) as caught:
        block_mask(size, **options)
    assert caught.value.subject == subject
