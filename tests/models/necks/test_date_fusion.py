"""DateFusionNeck: every place sees its own dates and no other, samples stay apart, and what it refuses."""

import pytest
import torch

from mmrs.errors import ConfigError
from mmrs.models import DateFusionNeck, SkySenseS2

FUSION = dict(input_dims=6, embed_dims=8, num_layers=2, num_heads=2)
TINY = dict(embed_dims=24, num_layers=2, num_heads=3)


def test_each_place_joins_its_own_dates():
    neck = DateFusionNeck(3, fusion=FUSION).eval()
    maps = [torch.randn(6, 6, 2, 4), torch.randn(6, 6, 1, 2)]
    fine, coarse = neck(maps)
    assert fine.shape == (2, 8, 2, 4) and coarse.shape == (2, 8, 1, 2)
    # The place in row 1 and column 3 of the second sample, from its three dates alone.
    expected = neck.fusion(maps[0][3:, :, 1, 3][None])
    torch.testing.assert_close(fine[1, :, 1, 3][None], expected)
    # Their order does not matter.
    torch.testing.assert_close(neck([maps[0][[2, 0, 1, 3, 4, 5]]])[0], fine)


def test_levels_are_built_before_the_dates_are_joined():
    from mmseg.models.necks import MultiLevelNeck  # noqa: F401  (registers it)

    levels = dict(type='mmseg.MultiLevelNeck', in_channels=[4, 4], out_channels=6, scales=[2, 1])
    neck = DateFusionNeck(2, levels, FUSION).eval()
    maps = [torch.randn(4, 4, 3, 3)] * 2
    found = neck(maps)
    assert [tuple(level.shape) for level in found] == [(2, 8, 6, 6), (2, 8, 3, 3)]
    one = neck.levels(maps)[0][2:, :, 5, 0]
    torch.testing.assert_close(found[0][1, :, 5, 0][None], neck.fusion(one[None]))


def test_a_backbone_encodes_each_date_alone():
    options = dict(size=TINY, img_size=8, out_indices=(1,))
    series, single = SkySenseS2(dates=3, **options).eval(), SkySenseS2(**options).eval()
    single.load_state_dict(series.state_dict())
    images = torch.randn(2, 30, 8, 8)
    (found,) = series(images)
    assert found.shape[0] == 6
    torch.testing.assert_close(found[4], single(images[1:, 10:20])[0][0])
    with pytest.raises(ConfigError, match='found 20 channels; expected a multiple of 3'):
        series(images[:, :20])
    with pytest.raises(ConfigError, match='dates'):
        SkySenseS2(dates=2, vocabulary_size=4, merge_stage=1, **options)


def test_parts_of_a_sample():
    with pytest.raises(ConfigError, match='found 4 maps; expected a multiple of 3'):
        DateFusionNeck(3, fusion=FUSION)([torch.randn(4, 6, 2, 2)])
