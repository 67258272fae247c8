"""Windows of maps that do and do not fit them."""

import pytest
import torch

from mmrs.errors import ConfigError
from mmrs.models.layers.windows import from_windows, plan_windows, shift_mask, to_windows

CPU = torch.device('cpu')


@pytest.mark.parametrize('rule', ['clip', 'timm', 'pad', 'mmpretrain'])
@pytest.mark.parametrize('size', [(8, 8), (9, 14), (4, 7), (5, 4)])
@pytest.mark.parametrize('shifted', [False, True])
def test_what_is_cut_comes_back(rule, size, shifted):
    x = torch.randn(2, *size, 3)
    plan = plan_windows(size, (4, 4), shifted, rule)
    windows = to_windows(x, plan)
    assert windows.shape == (2 * plan.padded[0] * plan.padded[1] // 16, 16, 3)
    assert torch.equal(from_windows(windows, plan), x)


@pytest.mark.parametrize(
    ('size', 'rule', 'window', 'shift', 'padded'),
    [
        ((16, 24), 'clip', (4, 4), (2, 2), (16, 24)),
        ((4, 6), 'clip', (4, 4), (0, 2), (4, 8)),
        ((2, 3), 'clip', (2, 3), (0, 0), (2, 3)),
        ((1, 9), 'clip', (1, 4), (0, 2), (1, 12)),
        ((2, 9), 'pad', (4, 4), (2, 2), (4, 12)),
        ((4, 8), 'pad', (4, 4), (2, 2), (4, 8)),
        ((4, 8), 'mmpretrain', (4, 4), (0, 0), (4, 8)),
        ((5, 8), 'mmpretrain', (4, 4), (2, 2), (8, 8)),
    ],
)
def test_windows_of_small_and_odd_maps(size, rule, window, shift, padded):
    plan = plan_windows(size, (4, 4), True, rule)
    assert (plan.window, plan.shift, plan.padded) == (window, shift, padded)


def test_a_map_smaller_than_a_window():
    with pytest.raises(ConfigError, match="3 x 9 cells.*4 or more.*window_rule='pad'"):
        plan_windows((3, 9), (4, 4), False, 'mmpretrain')
    with pytest.raises(ConfigError, match='window_rule'):
        plan_windows((3, 9), (4, 4), False, 'crop')


def seen_together(size, rule):
    """Largest distance in rows between two cells, neither of them padding, that one shifted window lets see."""
    plan = plan_windows(size, (4, 4), True, rule)
    y = torch.arange(1.0, size[0] + 1)[None, :, None, None].expand(1, *size, 1)
    rows = to_windows(y, plan).squeeze(-1)
    real = (rows[:, :, None] > 0) & (rows[:, None, :] > 0)
    free = shift_mask(plan, CPU, torch.float32) == 0
    return ((rows[:, :, None] - rows[:, None, :]).abs() * (real & free)).max().item()


def test_the_mask_keeps_opposite_borders_apart():
    assert seen_together((16, 16), 'clip') == 3
    assert seen_together((15, 16), 'clip') == 3
    assert seen_together((15, 16), 'pad') == 3
    assert seen_together((15, 16), 'timm') == 14  # the seam is masked one row too low


def test_masks_are_kept_and_can_be_trained_with():
    plan = plan_windows((8, 8), (4, 4), True, 'clip')
    with torch.inference_mode():
        first = shift_mask(plan, CPU, torch.float64)
    assert shift_mask(plan, CPU, torch.float64) is first
    assert not first.is_inference()
    assert shift_mask(plan_windows((8, 8), (4, 4), False, 'clip'), CPU, torch.float32) is None
