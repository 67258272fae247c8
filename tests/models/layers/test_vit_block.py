"""Widths and stochastic depth of the transformer block."""

import pytest
import torch
from timm.layers import SwiGLUPacked
from torch import nn

from mmrs.models.layers import SwiGLU, ViTBlock, swiglu_width


def test_swiglu_is_timms_packed_layer_under_dinov2_names():
    ours, theirs = SwiGLU(12, 48), SwiGLUPacked(12, 64, 12)
    theirs.fc1.load_state_dict(ours.w12.state_dict())
    theirs.fc2.load_state_dict(ours.w3.state_dict())
    x = torch.randn(2, 3, 12)
    torch.testing.assert_close(ours(x), theirs(x))


def test_published_giant_width():
    assert swiglu_width(6144) == 4096


@pytest.mark.parametrize(
    ('branches', 'dropped'), [('both', (True, True)), ('attention', (True, False)), ('ffn', (False, True))]
)
def test_only_named_branches_are_dropped(branches, dropped):
    block = ViTBlock(8, 2, drop_path=0.5, drop_path_branches=branches)
    assert tuple(not isinstance(d, nn.Identity) for d in (block.drop_path1, block.drop_path2)) == dropped


def test_without_layer_scale_there_is_no_gamma():
    assert not any('gamma' in name for name, _ in ViTBlock(8, 2, layer_scale_init=None).named_parameters())
