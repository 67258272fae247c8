"""Resampled feature maps keep their place in the image."""

import pytest
import torch

from mmrs.models.layers import to_stride


@pytest.mark.parametrize('stride', [4, 8, 14, 16, 32])
@pytest.mark.parametrize('size', [(70, 98), (64, 91), (33, 127)])
def test_cells_hold_the_value_of_their_place(size, stride):
    """A map that holds the x coordinate of its cell centres still does so after resampling."""
    rows, columns = (-(-side // 14) for side in size)
    centres = (torch.arange(columns) + 0.5) * 14
    feature = centres.expand(1, 1, rows, columns)
    resized = to_stride(feature, 14, stride, size)
    assert resized.shape == (1, 1, -(-size[0] // stride), -(-size[1] // stride))
    expected = (torch.arange(resized.shape[-1]) + 0.5) * stride
    expected = expected.clamp(centres[0].item(), centres[-1].item())
    torch.testing.assert_close(resized[0, 0, 0], expected, atol=1e-3, rtol=0)
