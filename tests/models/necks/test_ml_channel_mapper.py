"""MLChannelMapper: published size, its steps one by one, and what it refuses."""

import pytest
import torch
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.models import MLChannelMapper

GROUPS = dict(type='GN', num_groups=4)


def test_published_size():
    with torch.device('meta'):
        neck = MLChannelMapper([1536] * 3, ml_out_channels=1536, out_channels=256, num_outs=4)
        maps = neck([torch.zeros(1, 1536, 56, 56)] * 3)
    assert sum(p.numel() for p in neck.parameters()) == 75_517_952
    assert [tuple(level.shape[1:]) for level in maps] == [(256, side, side) for side in (112, 56, 28, 14)]
    assert {key.split('.')[0] for key in neck.state_dict()} == {'convs', 'extra_convs', 'lateral_convs_0', 'ml_convs'}
    assert not any(key.endswith('conv.bias') for key in neck.state_dict())


def block(x, weights, prefix, **options):
    x = functional.conv2d(x, weights[f'{prefix}.conv.weight'], **options)
    return functional.group_norm(x, 4, weights[f'{prefix}.gn.weight'], weights[f'{prefix}.gn.bias'])


def test_steps_are_those_of_the_specification_on_an_odd_grid():
    neck = MLChannelMapper([8] * 3, 12, num_outs=4, norm_cfg=GROUPS)
    neck.init_weights()
    weights = {key: torch.randn_like(value) for key, value in neck.state_dict().items()}
    neck.load_state_dict(weights)
    inputs = [torch.randn(2, 8, 5, 7) for _ in range(3)]
    outputs = neck(inputs)
    for index, scale in enumerate([2, 1, 0.5]):
        x = block(inputs[index], weights, f'lateral_convs_0.{index}')
        x = functional.interpolate(x, scale_factor=scale, mode='bilinear')
        x = block(x, weights, f'ml_convs.{index}', padding=1)
        torch.testing.assert_close(outputs[index], block(x, weights, f'convs.{index}'))
    assert outputs[2].shape == (2, 12, 2, 3)
    torch.testing.assert_close(outputs[3], block(x, weights, 'extra_convs.0', stride=2, padding=1))


def test_starts_from_xavier_uniform():
    neck = MLChannelMapper([8] * 3, 12, norm_cfg=GROUPS)
    neck.init_weights()
    weight = neck.ml_convs[0].conv.weight
    limit = (6 / (9 * 16)) ** 0.5
    assert 0.9 * limit < weight.abs().max() <= limit and (neck.ml_convs[0].gn.weight == 1).all()


def test_further_levels_follow_one_another():
    neck = MLChannelMapper([8], 12, scales=[1], num_outs=3, norm_cfg=GROUPS)
    assert [tuple(level.shape) for level in neck([torch.zeros(1, 8, 8, 8)])] == [(1, 12, s, s) for s in (8, 4, 2)]


@pytest.mark.parametrize(('options', 'message'), [
    (dict(in_channels=[8, 8]), '3 scales'),
    (dict(in_channels=[8] * 3, num_outs=2), '2 outputs'),
    (dict(in_channels=[8] * 3, ml_out_channels=4), 'ml_out_channels=4'),
])  # fmt: skip
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        MLChannelMapper(**options, norm_cfg=GROUPS)
