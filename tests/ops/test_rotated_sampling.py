"""Operators of rotated detectors through mmcv's wrappers."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

import mmrs  # noqa: F401

ops = pytest.importorskip('mmcv.ops')

CASES = list(itertools.product((0, 2), (True, False), (True, False)))


def rotated_rois(count, images=2, dtype=torch.float32, size=16.0):
    image = torch.arange(count, dtype=dtype)[:, None] % images
    box = torch.rand(count, 4, dtype=dtype) * size + 2
    return torch.cat((image, box, (torch.rand(count, 1, dtype=dtype) - 0.5) * 7), dim=1)


@pytest.mark.parametrize('ratio, aligned, clockwise', CASES)
def test_roi_align_rotated_equals_compiled(reference, ratio, aligned, clockwise):
    data = reference('roi_align_rotated')
    feat = data['feat'].requires_grad_()
    key = f'sr{ratio}_al{int(aligned)}_cw{int(clockwise)}'
    out = ops.roi_align_rotated(feat, data['rois'], (7, 5), 0.25, ratio, aligned, clockwise)
    (out**2).sum().backward()
    # Positions are summed in another order than in the kernel: float32 rounding, times the slope of the map.
    torch.testing.assert_close(out, data[key], atol=2e-5, rtol=0)
    torch.testing.assert_close(feat.grad, data[f'{key}_grad'], atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize('ratio, aligned, clockwise', CASES)
def test_roi_align_rotated_gradient(ratio, aligned, clockwise):
    feat = torch.randn(2, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    rois = rotated_rois(3, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda f: ops.roi_align_rotated(f, rois, (2, 3), 0.25, ratio, aligned, clockwise), feat
    )


@pytest.mark.parametrize('ratio, aligned', itertools.product((0, 3), (True, False)))
def test_unturned_boxes_equal_roi_align(ratio, aligned):
    feat, rois = torch.randn(2, 3, 12, 12), rotated_rois(6)
    rois[:, 5] = 0
    upright = torch.cat((rois[:, :1], rois[:, 1:3] - rois[:, 3:5] / 2, rois[:, 1:3] + rois[:, 3:5] / 2), dim=1)
    expected = ops.roi_align(feat, upright, (2, 3), 0.5, ratio, 'avg', aligned)
    found = ops.roi_align_rotated(feat, rois, (2, 3), 0.5, ratio, aligned, True)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_quarter_turn_turns_the_pooled_map():
    feat = torch.randn(1, 2, 16, 16)
    flat = torch.tensor([[0, 8, 8, 8, 6, 0.0]])
    turned = torch.tensor([[0, 8, 8, 6, 8, math.pi / 2]])
    upright = ops.roi_align_rotated(feat, flat, (3, 4), 1.0, 2, True, True)
    found = ops.roi_align_rotated(feat, turned, (4, 3), 1.0, 2, True, True)
    torch.testing.assert_close(found.rot90(1, (2, 3)).flip(2, 3), upright, atol=1e-5, rtol=0)


def test_pieces_equal_the_whole(monkeypatch):
    feat, rois = torch.randn(2, 4, 20, 20, requires_grad=True), rotated_rois(9)
    for ratio in (0, 2):
        whole = ops.roi_align_rotated(feat, rois, 3, 0.5, ratio)
        (grad,) = torch.autograd.grad(whole.square().sum(), feat)
        with monkeypatch.context() as patch:
            patch.setattr('mmrs.ops.grids.CHUNK_SAMPLES', 40)
            pieces = ops.roi_align_rotated(feat, rois, 3, 0.5, ratio)
            (grad_pieces,) = torch.autograd.grad(pieces.square().sum(), feat)
        torch.testing.assert_close(pieces, whole)
        torch.testing.assert_close(grad_pieces, grad)


@pytest.mark.parametrize('ratio', [0, 2])
def test_strange_boxes(ratio):
    nan, inf = float('nan'), float('inf')
    rois = torch.tensor([[0, nan, 2, 3, 3, 0], [0, 4, 4, nan, 3, 1], [0, 4, 4, 0, 0, 1], [0, 4, 4, inf, 1, 1]])
    rois = torch.cat((rois, torch.tensor([[0, 90, 90, 5, 5, 0], [0, 4, 4, 3, 3, inf], [0, 4, 4, 2, 2, 0.3]])))
    feat = torch.ones(1, 2, 9, 9, requires_grad=True)
    out = ops.roi_align_rotated(feat, rois, 2, 1.0, ratio)
    out.sum().backward()
    assert out.isfinite().all() and feat.grad.isfinite().all()
    torch.testing.assert_close(out[-1], torch.ones(2, 2, 2))
    assert not out[4].any()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half(dtype):
    feat, rois = torch.randn(2, 3, 12, 12).to(dtype).requires_grad_(), rotated_rois(5).to(dtype)
    out = ops.roi_align_rotated(feat, rois, 3, 1.0, 2)
    out.backward(torch.randn_like(out).transpose(2, 3))
    exact = ops.roi_align_rotated(feat.detach().float(), rois.float(), 3, 1.0, 2)
    assert out.dtype == feat.grad.dtype == dtype
    torch.testing.assert_close(out.float(), exact, atol=2e-2, rtol=1e-2)


def turned_channels(values, angle, orientations):
    """Linear blend of the channels shifted by the two nearest whole numbers of orientations."""
    turns = angle * orientations / (2 * math.pi)
    share = turns - math.floor(turns)
    grouped = values.unflatten(0, (-1, orientations))
    near, far = (grouped.roll(math.floor(turns) - shift, 1) for shift in (0, 1))
    return ((1 - share) * near + share * far).flatten(0, 1)


@pytest.mark.parametrize('clockwise, samples', itertools.product((False, True), (0, 2)))
def test_riroi_align_rotated(clockwise, samples):
    feat = torch.randn(2, 8, 9, 9, dtype=torch.float64, requires_grad=True)
    rois = rotated_rois(4, dtype=torch.float64, size=8)
    out = ops.riroi_align_rotated(feat, rois, (2, 3), 0.5, samples, 4, clockwise)
    pooled = ops.roi_align_rotated(feat, rois, (2, 3), 0.5, samples, False, clockwise)
    expected = [turned_channels(p, angle, 4) for p, angle in zip(pooled, rois[:, 5].tolist(), strict=True)]
    torch.testing.assert_close(out, torch.stack(expected))
    assert torch.autograd.gradcheck(
        lambda f: ops.riroi_align_rotated(f, rois, (2, 3), 0.5, samples, 4, clockwise), feat, fast_mode=True
    )


def test_active_rotated_filter_equals_compiled(reference):
    data = reference('active_rotated_filter')
    x = data['x'].requires_grad_()
    out = ops.active_rotated_filter(x, data['indices'])
    torch.testing.assert_close(out, data['out'], atol=0, rtol=0)
    torch.testing.assert_close(torch.autograd.grad(out, x, data['grad_out'])[0], data['g_x'], atol=1e-6, rtol=0)


def test_active_rotated_filter_gradient():
    x = torch.randn(2, 3, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    indices = torch.stack([torch.randperm(18) + 1 for _ in range(4)], dim=-1).view(2, 3, 3, 4).int()
    assert torch.autograd.gradcheck(lambda t: ops.active_rotated_filter(t, indices), x)


@pytest.mark.parametrize('points', [1, 5])
def test_rotated_feature_align_equals_compiled(reference, points):
    data = reference('rotated_feature_align')
    feat = data['feat'].requires_grad_()
    out = ops.rotated_feature_align(feat, data['boxes'], 1 / 8, points)
    (out**2).sum().backward()
    torch.testing.assert_close(out, data[f'out_p{points}'], atol=1e-5, rtol=0)
    torch.testing.assert_close(feat.grad, data[f'grad_p{points}'], atol=1e-4, rtol=0)


@pytest.mark.parametrize('points', [1, 5])
def test_rotated_feature_align_gradient(points):
    feat = torch.randn(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    boxes = torch.randn(2, 3, 4, 5, dtype=torch.float64) * 10 + 10
    assert torch.autograd.gradcheck(lambda f: ops.rotated_feature_align(f, boxes, 1 / 8, points), feat)


def border_by_samples(feat, boxes, pool_size):
    """Maximum over the samples that mmcv documents, by grid_sample on the inside of the map."""
    batch, planes, height, width = feat.shape
    x1, y1, x2, y2 = boxes.unbind(-1)
    step = torch.arange(pool_size + 1, dtype=feat.dtype) / pool_size
    across, down = x1[..., None] + (x2 - x1)[..., None] * step, y1[..., None] + (y2 - y1)[..., None] * step
    sides = ((across, y1), (x1, down), (across, y2), (x2, down))
    outputs = []
    for side, group in zip(sides, feat.split(planes // 4, dim=1), strict=True):
        x, y = (v if v.dim() == 3 else v[..., None].expand_as(across) for v in side)
        grid = torch.stack((2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1), dim=-1)
        outputs.append(torch.nn.functional.grid_sample(group, grid, align_corners=True).amax(-1))
    return torch.stack(outputs, dim=-1)


def test_border_align():
    feat = torch.randn(2, 8, 7, 9, dtype=torch.float64, requires_grad=True)
    start = torch.rand(2, 5, 2, dtype=torch.float64) * 3
    boxes = torch.cat((start, start + torch.rand(2, 5, 2, dtype=torch.float64) * 3), dim=-1)
    expected = border_by_samples(feat, boxes, 4)
    out = ops.border_align(feat, boxes, 4)
    torch.testing.assert_close(out, expected)
    grads = [torch.autograd.grad(t.square().sum(), feat)[0] for t in (out, expected)]
    torch.testing.assert_close(*grads)


def test_chamfer_distance():
    first = torch.randn(2, 4, 2, dtype=torch.float64, requires_grad=True)
    second = torch.randn(2, 6, 2, dtype=torch.float64, requires_grad=True)
    dist1, dist2, idx1, idx2 = ops.chamfer_distance(first, second)
    exact = torch.cdist(first, second).square()
    torch.testing.assert_close(dist1, exact.min(2)[0])
    torch.testing.assert_close(dist2, exact.min(1)[0])
    assert torch.equal(idx1.long(), exact.argmin(2)) and torch.equal(idx2.long(), exact.argmin(1))
    assert torch.autograd.gradcheck(lambda a, b: ops.chamfer_distance(a, b)[:2], (first, second))


@pytest.mark.parametrize(
    'call',
    [
        lambda feat: ops.roi_align_rotated(feat, feat.new_zeros(0, 6), 3, 1.0),
        lambda feat: ops.riroi_align_rotated(feat, feat.new_zeros(0, 6), 3, 1.0, 2, 4),
        lambda feat: ops.border_align(feat, feat.new_zeros(2, 0, 4), 3),
        lambda feat: ops.rotated_feature_align(feat[:0], feat.new_zeros(0, 6, 6, 5), 1.0, 5),
    ],
)
def test_nothing_in_nothing_out(call):
    feat = torch.randn(2, 8, 6, 6, requires_grad=True)
    out = call(feat)
    assert out.numel() == 0
    out.sum().backward()
    assert not feat.grad.any()
