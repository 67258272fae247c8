"""Deformable attention, CARAFE and PSA masks through mmcv's wrappers."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F

import mmrs  # noqa: F401

ops = pytest.importorskip('mmcv.ops')
from mmcv.ops.multi_scale_deform_attn import (  # noqa: E402
    MultiScaleDeformableAttnFunction,
    multi_scale_deformable_attn_pytorch,
)


def level_starts(shapes):
    return torch.cat((shapes.new_zeros(1), shapes.prod(1).cumsum(0)[:-1]))


def attend(value, shapes, locations, weights):
    return MultiScaleDeformableAttnFunction.apply(value, shapes, level_starts(shapes), locations, weights, 64)


def small(dtype=torch.float64, queries=3, batch=2):
    """Value, shapes, locations (some outside) and weights of 2 heads, 2 levels and 2 points."""
    shapes = torch.tensor([[3, 4], [2, 1]])
    value = torch.randn(batch, 14, 2, 3, dtype=dtype)
    locations = torch.rand(batch, queries, 2, 2, 2, 2, dtype=dtype) * 1.4 - 0.2
    weights = torch.rand(batch, queries, 2, 2, 2, dtype=dtype)
    return value, shapes, locations, weights


@pytest.mark.parametrize('chunk', [1 << 21, 300], ids=['whole', 'pieces'])
def test_attention_equals_the_reference(reference, monkeypatch, chunk):
    monkeypatch.setattr('mmrs.ops.ms_deform_attn.CHUNK_POINTS', chunk)
    data = reference('ms_deform_attn')
    leaves = [data[name].requires_grad_() for name in ('value', 'loc', 'w')]
    out = attend(leaves[0], data['shapes'], leaves[1], leaves[2])
    torch.testing.assert_close(out, data['out'], atol=1e-5, rtol=0)
    grads = torch.autograd.grad(out, leaves, data['grad_out'])
    # Gradients of locations grow with the map's size; 1e-5 of their scale is float32 rounding of positions.
    for name, grad in zip(('g_value', 'g_loc', 'g_w'), grads, strict=True):
        torch.testing.assert_close(grad, data[name], atol=1e-5 * data[name].abs().max().item(), rtol=1e-5, msg=name)


def test_attention_gradient():
    value, shapes, locations, weights = small()
    leaves = [t.requires_grad_() for t in (value, locations, weights)]
    assert torch.autograd.gradcheck(lambda v, p, w: attend(v, shapes, p, w), leaves)


@pytest.mark.parametrize('queries, batch', [(0, 2), (5, 0), (1, 1)])
def test_attention_of_few(queries, batch):
    value, shapes, locations, weights = small(torch.float32, queries, batch)
    leaves = [t.requires_grad_() for t in (value, locations, weights)]
    out = attend(leaves[0], shapes, leaves[1], leaves[2])
    assert out.shape == (batch, queries, 6)
    out.sum().backward()
    assert all(leaf.grad.shape == leaf.shape for leaf in leaves)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_attention_in_half(dtype):
    value, shapes, locations, weights = small(torch.float32)
    half = value.to(dtype).requires_grad_()
    out = attend(half, shapes, locations, weights)
    out.backward(torch.ones_like(out).transpose(0, 1).contiguous().transpose(0, 1))
    exact = multi_scale_deformable_attn_pytorch(value, shapes, locations.to(dtype).float(), weights.to(dtype).float())
    assert out.dtype == half.grad.dtype == dtype
    torch.testing.assert_close(out.float(), exact, atol=3e-2, rtol=3e-2)


def carafe_by_unfold(features, masks, size, groups, scale):
    batch, channels, height, width = features.shape
    windows = F.unfold(features, size, padding=size // 2).view(
        batch, groups, channels // groups, size**2, height, width
    )
    windows = windows.repeat_interleave(scale, -1).repeat_interleave(scale, -2)
    kernels = masks.view(batch, groups, 1, size**2, height * scale, width * scale)
    return (windows * kernels).sum(3).flatten(1, 2)


@pytest.mark.parametrize('size, groups, scale', [(3, 1, 2), (5, 2, 2), (3, 2, 3)])
def test_carafe(size, groups, scale):
    features = torch.randn(2, 4, 3, 4, dtype=torch.float64, requires_grad=True)
    masks = torch.rand(2, groups * size**2, 3 * scale, 4 * scale, dtype=torch.float64, requires_grad=True)
    expected = carafe_by_unfold(features, masks, size, groups, scale)
    grads = torch.autograd.grad(expected.square().sum(), (features, masks))
    out = ops.carafe(features, masks, size, groups, scale)
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(torch.autograd.grad(out.square().sum(), (features, masks)), grads)
    torch.testing.assert_close(ops.carafe_naive(features, masks, size, groups, scale), expected)


def test_carafe_naive_backward():
    # mmcv's wrapper refuses to call it on CPU.
    from mmrs.ops.carafe import carafe_naive_backward

    features, masks = torch.randn(1, 2, 3, 3, requires_grad=True), torch.rand(1, 9, 6, 6, requires_grad=True)
    expected = torch.autograd.grad(ops.carafe(features, masks, 3, 1, 2).sum(), (features, masks))
    found = torch.zeros_like(features), torch.zeros_like(masks)
    carafe_naive_backward(torch.ones(1, 2, 6, 6), features, masks, *found, 3, 1, 2)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('kind, window', itertools.product(('collect', 'distribute'), ((3, 5), (5, 9))))
def test_psa_mask_is_a_shifted_window(kind, window):
    height, width = 3, 4
    x = torch.randn(2, window[0] * window[1], height, width, dtype=torch.float64, requires_grad=True)
    out = ops.PSAMask(kind, window)(x)
    expected = torch.zeros(2, height * width, height * width, dtype=torch.float64)
    for h, w, i, j in itertools.product(range(height), range(width), range(window[0]), range(window[1])):
        y, z = h + i - window[0] // 2, w + j - window[1] // 2
        if 0 <= y < height and 0 <= z < width:
            place = (y * width + z, h * width + w) if kind == 'collect' else (h * width + w, y * width + z)
            expected[:, place[0], place[1]] = x[:, i * window[1] + j, h, w].detach()
    torch.testing.assert_close(out.flatten(2), expected)
    assert torch.autograd.gradcheck(ops.PSAMask(kind, window), x)
