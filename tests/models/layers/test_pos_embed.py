"""Position-embedding resize against the three published ways to do it."""

import json

import numpy as np
import pytest
import torch

from mmrs.errors import ConfigError
from mmrs.models.layers import resize_pos_embed

MODES = {'hub': 'dinov2', 'size': 'size', 'reg': 'antialias'}


def test_every_reference_size(fixtures_dir):
    reference = np.load(fixtures_dir / 'cgeartheye' / 'dinov2_pos_interp.npz')
    pos_embed = torch.from_numpy(reference['pos_embed'])
    grids = {size: tuple(entry['grid']) for size, entry in json.loads(str(reference['meta_json']))['report'].items()}
    checked = 0
    for key in reference.files:
        way, _, size = key.partition('_')
        if way not in MODES:
            continue
        expected = torch.from_numpy(reference[key])
        resized = resize_pos_embed(pos_embed, 1, (37, 37), grids[size.partition('_')[0]], MODES[way])
        torch.testing.assert_close(resized[:, : expected.shape[1]], expected, atol=1e-5, rtol=0)
        checked += 1
    assert checked == 11


def test_same_grid_is_untouched():
    pos_embed = torch.randn(1, 26, 4)
    assert resize_pos_embed(pos_embed, 1, (5, 5), (5, 5), 'dinov2') is pos_embed


def test_prefix_and_dtype_are_kept():
    pos_embed = torch.randn(1, 27, 4, dtype=torch.bfloat16)
    resized = resize_pos_embed(pos_embed, 2, (5, 5), (3, 8))
    assert resized.shape == (1, 26, 4) and resized.dtype == torch.bfloat16
    assert torch.equal(resized[:, :2], pos_embed[:, :2])


@pytest.mark.parametrize(('grid', 'mode'), [((4, 6), 'size'), ((5, 5), 'nearest')])
def test_wrong_grid_or_mode_is_named(grid, mode):
    with pytest.raises(ConfigError, match='26 positions|nearest'):
        resize_pos_embed(torch.zeros(1, 26, 4), 1, grid, (7, 7), mode)
