"""SimplePyramid: sizes and widths of the levels, independence of the levels, and what it refuses."""

import pytest
import torch

from mmrs.errors import ConfigError
from mmrs.models import SimplePyramid


def test_sizes_and_widths():
    neck = SimplePyramid([24, 24, 32], out_channels=8, num_outs=6)
    maps = neck([torch.zeros(2, 24, 1, 1), torch.zeros(2, 24, 1, 1), torch.randn(2, 32, 6, 4)])
    sizes = [(24, 16), (12, 8), (6, 4), (3, 2), (2, 1), (1, 1)]
    assert [tuple(level.shape) for level in maps] == [(2, 8, *size) for size in sizes]
    # Two transposed convolutions, each halving the width, and one.
    doubling = [layer for layer in neck.levels[0] if isinstance(layer, torch.nn.ConvTranspose2d)]
    assert [tuple(layer.weight.shape[:2]) for layer in doubling] == [(32, 16), (16, 8)]
    assert torch.equal(maps[4], maps[3][..., ::2, ::2])


def test_every_level_reads_the_map_itself_and_every_parameter_learns():
    neck = SimplePyramid(16, out_channels=8)
    x = torch.randn(1, 16, 4, 4, requires_grad=True)
    maps = neck([x])
    for level in maps[:4]:
        (gradient,) = torch.autograd.grad((level**2 * torch.randn_like(level)).sum(), x, retain_graph=True)
        assert gradient.abs().sum() > 0
    sum((level * torch.randn_like(level)).sum() for level in maps).backward()
    assert all(p.grad is not None for p in neck.parameters())
    # Normalised over the channels of each cell.
    torch.testing.assert_close(maps[0].mean(1), torch.zeros_like(maps[0][:, 0]), atol=1e-4, rtol=0)


@pytest.mark.parametrize('options', [dict(scales=[3, 1]), dict(scales=[]), dict(num_outs=2), dict(scales=[-2])])
def test_refuses(options):
    with pytest.raises(ConfigError, match='powers of two'):
        SimplePyramid(8, **options)
