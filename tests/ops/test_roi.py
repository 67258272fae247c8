"""RoI pooling over upright boxes and curves, through mmcv's own wrappers."""

from __future__ import annotations

import itertools
from math import ceil, floor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import mmrs  # noqa: F401

ops = pytest.importorskip('mmcv.ops')

ALIGN_CASES = list(itertools.product(('avg', 'max'), (0, 2), (True, False)))


def box_rois(count, images=2, size=40.0, dtype=torch.float32):
    start = torch.rand(count, 2, dtype=dtype) * size
    image = torch.arange(count, dtype=dtype)[:, None] % images
    return torch.cat((image, start, start + 4 + torch.rand(count, 2, dtype=dtype) * size / 2), dim=1)


@pytest.mark.parametrize('mode, ratio, aligned', ALIGN_CASES)
@pytest.mark.parametrize('table_from', [0, 10**6], ids=['table', 'torchvision'])
def test_roi_align_equals_compiled(reference, monkeypatch, mode, ratio, aligned, table_from):
    monkeypatch.setattr('mmrs.ops.roi_align.MIN_TABLE_CHANNELS', table_from)
    data = reference('roi_align')
    feat = data['feat'].requires_grad_()
    key = f'{mode}_sr{ratio}_al{int(aligned)}'
    out = ops.roi_align(feat, data['rois'], (7, 5), 0.25, ratio, mode, aligned)
    (out**2).sum().backward()
    # The compiled maximum over no sample is its start value -10000 (its CUDA sibling: -FLT_MAX); here it is 0.
    expected = data[key].masked_fill(data[key] == -10000, 0)
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(feat.grad, data[f'{key}_grad'], atol=1e-4, rtol=0)


@pytest.mark.parametrize('mode, ratio, aligned', ALIGN_CASES)
@pytest.mark.parametrize('channels', [2, 16])
def test_roi_align_gradient(mode, ratio, aligned, channels):
    feat = torch.randn(2, channels, 6, 7, dtype=torch.float64, requires_grad=True)
    rois = box_rois(3, size=20, dtype=torch.float64)
    # Finite differences in one direction: full Jacobians of 16 channels would take seconds.
    assert torch.autograd.gradcheck(
        lambda f: ops.roi_align(f, rois, (2, 3), 0.25, ratio, mode, aligned), feat, fast_mode=True
    )


@pytest.mark.parametrize('mode', ['avg', 'max'])
def test_roi_align_in_pieces_equals_whole(monkeypatch, mode):
    feat, rois = torch.randn(2, 16, 20, 20, requires_grad=True), box_rois(9)
    for ratio in (0, 2):
        whole = ops.roi_align(feat, rois, 3, 0.5, ratio, mode, True)
        (grad,) = torch.autograd.grad(whole.square().sum(), feat)
        with monkeypatch.context() as patch:
            patch.setattr('mmrs.ops.grids.CHUNK_SAMPLES', 50)
            pieces = ops.roi_align(feat, rois, 3, 0.5, ratio, mode, True)
            (grad_pieces,) = torch.autograd.grad(pieces.square().sum(), feat)
        torch.testing.assert_close(pieces, whole)
        torch.testing.assert_close(grad_pieces, grad)


@pytest.mark.parametrize('channels', [1, 32])
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_roi_align_half(channels, dtype):
    feat, rois = torch.randn(1, channels, 16, 16).to(dtype).requires_grad_(), box_rois(5, 1, 16).to(dtype)
    out = ops.roi_align(feat, rois, 3, 1.0, 0, 'avg', True)
    out.sum().backward()
    exact = ops.roi_align(feat.detach().float(), rois.float(), 3, 1.0, 0, 'avg', True)
    assert out.dtype == feat.grad.dtype == dtype
    torch.testing.assert_close(out.float(), exact, atol=2e-2, rtol=1e-2)


@pytest.mark.parametrize('channels', [1, 32])
def test_roi_align_accepts_strided_input_and_gradient(channels):
    feat = torch.randn(2, 12, 14, channels).permute(0, 3, 1, 2).requires_grad_()
    rois = box_rois(6, size=20)
    out = ops.roi_align(feat, rois, (3, 2), 0.5, 2, 'avg', True)
    grad = torch.randn(6, channels, 2, 3).transpose(2, 3)
    (strided,) = torch.autograd.grad(out, feat, grad, retain_graph=True)
    (dense,) = torch.autograd.grad(out, feat, grad.contiguous())
    torch.testing.assert_close(strided, dense)
    torch.testing.assert_close(out, ops.roi_align(feat.contiguous(), rois, (3, 2), 0.5, 2, 'avg', True))


def test_roi_align_module_reads_masks_as_images():
    masks = (torch.rand(30, 1, 24, 24) > 0.5).float()
    rois = box_rois(30, images=30, size=12)
    out = ops.RoIAlign((7, 7), 1.0, 0, 'avg', True)(masks, rois)
    assert out.shape == (30, 1, 7, 7)
    assert 0 <= out.min() and out.max() <= 1


@pytest.mark.parametrize('channels', [1, 32])
def test_non_finite_and_inverted_boxes_do_not_crash(channels):
    nan, inf = float('nan'), float('inf')
    rois = torch.tensor([[0, nan, 1, 5, 5], [0, 1, 1, nan, nan], [0, 5, 5, 1, 1], [0, 1, 1, inf, 4], [0, 1, 1, 4, 4]])
    for mode in ('avg', 'max'):
        for ratio in (0, 2):
            feat = torch.ones(1, channels, 8, 8, requires_grad=True)
            out = ops.roi_align(feat, rois, 2, 1.0, ratio, mode, True)
            torch.testing.assert_close(out[4], torch.ones(channels, 2, 2))
            out.sum().backward()
            assert feat.grad.isfinite().all()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-30, 60, width=32)] * 4), max_size=6),
    st.integers(0, 3),
    st.booleans(),
)
def test_table_path_equals_torchvision_everywhere(boxes, ratio, aligned):
    from mmrs.ops import roi_align

    feat = torch.randn(1, 3, 9, 11)
    rois = torch.tensor([[0.0, *box] for box in boxes]).view(-1, 5)
    outputs, grads = [], []
    kept = roi_align.MIN_TABLE_CHANNELS
    try:
        for roi_align.MIN_TABLE_CHANNELS in (0, 10**6):
            leaf = feat.clone().requires_grad_()
            outputs.append(ops.roi_align(leaf, rois, (2, 3), 0.5, ratio, 'avg', aligned))
            grads.append(torch.autograd.grad(outputs[-1].square().sum(), leaf)[0])
    finally:
        roi_align.MIN_TABLE_CHANNELS = kept
    torch.testing.assert_close(*outputs, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(*grads, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    'call',
    [
        lambda feat: ops.roi_align(feat, feat.new_zeros(0, 5), 7, 1.0, 0, 'avg', True),
        lambda feat: ops.roi_align(feat, feat.new_zeros(0, 5), 7, 1.0, 0, 'max', True),
        lambda feat: ops.roi_pool(feat, feat.new_zeros(0, 5), 7),
        lambda feat: ops.deform_roi_pool(feat, feat.new_zeros(0, 5), feat.new_zeros(0, 2, 7, 7), 7),
        lambda feat: ops.bezier_align(feat, feat.new_zeros(0, 17), 7),
        lambda feat: ops.prroi_pool(feat, feat.new_zeros(0, 5), (7, 7)),
    ],
)
def test_no_regions(call):
    feat = torch.randn(2, 32, 8, 8, requires_grad=True)
    out = call(feat)
    assert out.shape == (0, 32, 7, 7)
    out.sum().backward()
    assert not feat.grad.any()


def pooled_by_loops(feat, rois, bins, scale):
    out = torch.zeros(rois.size(0), feat.size(1), bins, bins)
    height, width = feat.shape[2:]
    for r, (image, x1, y1, x2, y2) in enumerate(rois.tolist()):
        for i, j in itertools.product(range(bins), repeat=2):
            top, left = y1 * scale, x1 * scale
            tall, wide = ((y2 + 1) * scale - top) / bins, ((x2 + 1) * scale - left) / bins
            rows = [min(max(v, 0), height) for v in (floor(top + i * tall), ceil(top + (i + 1) * tall))]
            cols = [min(max(v, 0), width) for v in (floor(left + j * wide), ceil(left + (j + 1) * wide))]
            window = feat[int(image), :, slice(*rows), slice(*cols)]
            if window.numel():
                out[r, :, i, j] = window.amax((1, 2))
    return out


def test_roi_pool_is_the_maximum_over_touched_pixels(monkeypatch):
    monkeypatch.setattr('mmrs.ops.roi_pool.CHUNK_PIXELS', 64)
    feat = torch.randn(2, 3, 9, 10, requires_grad=True)
    rois = torch.tensor(
        [[0, 0, 0, 7, 7], [1, 2.5, 3.25, 14, 11], [1, -8, -8, 30, 30], [0, 40, 40, 50, 50], [0, 9, 9, 3, 3]]
    )
    out = ops.roi_pool(feat, rois, 3, 0.5)
    torch.testing.assert_close(out, pooled_by_loops(feat.detach(), rois, 3, 0.5))
    out.sum().backward()
    assert feat.grad.sum() == (out != 0).sum()
    double = torch.randn(2, 3, 5, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda f: ops.roi_pool(f, rois.double(), 2, 0.5), double)


def test_bezier_align_equals_compiled(reference):
    data = reference('bezier_align')
    out = ops.bezier_align(data['feat'], data['beziers'], (4, 8), 0.25, 2, True)
    torch.testing.assert_close(out, data['out'], atol=1e-5, rtol=0)


@pytest.mark.parametrize('ratio, aligned', itertools.product((0, 2), (True, False)))
def test_bezier_align_gradient(ratio, aligned):
    feat = torch.randn(1, 2, 6, 7, dtype=torch.float64, requires_grad=True)
    beziers = torch.cat((torch.zeros(2, 1), torch.rand(2, 16) * 20), dim=1).double()
    assert torch.autograd.gradcheck(lambda f: ops.bezier_align(f, beziers, (2, 3), 0.25, ratio, aligned), feat)


@pytest.mark.parametrize('ratio', [0, 2])
def test_deform_roi_pool(ratio):
    feat, rois = torch.randn(2, 3, 12, 12, dtype=torch.float64), box_rois(4, size=10, dtype=torch.float64)
    still = ops.deform_roi_pool(feat, rois, None, (2, 3), 0.5, ratio)
    torch.testing.assert_close(still, ops.roi_align(feat, rois, (2, 3), 0.5, ratio, 'avg', True))
    # An offset of (1, 0) / gamma moves every bin by the box's width.
    offset = torch.zeros(4, 2, 2, 3, dtype=torch.float64)
    offset[:, 0] = 10
    moved = rois.clone()
    moved[:, [1, 3]] += (rois[:, 3] - rois[:, 1])[:, None]
    expected = ops.deform_roi_pool(feat, moved, None, (2, 3), 0.5, ratio)
    torch.testing.assert_close(ops.deform_roi_pool(feat, rois, offset, (2, 3), 0.5, ratio), expected)
    leaves = feat[:, :1].clone().requires_grad_(), torch.randn(4, 2, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda f, o: ops.deform_roi_pool(f, rois, o, (2, 3), 0.5, ratio), leaves)


def test_prroi_pool_is_the_limit_of_many_samples(monkeypatch):
    monkeypatch.setattr('mmrs.ops.prroi_pool.CHUNK_VALUES', 100)
    feat = torch.randn(2, 3, 12, 12)
    start = torch.rand(5, 2) * 6 + 1
    image = torch.arange(5.0)[:, None] % 2
    rois = torch.cat((image, start, start + 2), dim=1)
    out = ops.prroi_pool(feat, rois, (2, 3), 1.0)
    sampled = ops.roi_align(feat, rois, (2, 3), 1.0, 64, 'avg', False)
    torch.testing.assert_close(out, sampled, atol=2e-3, rtol=0)
    empty = torch.tensor([[0.0, 4, 4, 4, 4], [0, 5, 5, 3, 3]])
    assert not ops.prroi_pool(feat, empty, (2, 3), 1.0).any()


def test_prroi_pool_gradients():
    feat, rois = (
        torch.randn(2, 3, 8, 8, requires_grad=True),
        torch.tensor([[0, 1.2, 2.1, 5.4, 4.3], [1, -2, 0.3, 4, 9]]),
    )
    rois.requires_grad_()
    grad = torch.randn(2, 3, 2, 2)
    found = torch.autograd.grad(ops.prroi_pool(feat, rois, (2, 2), 1.0), (feat, rois), grad)

    # mmcv's wrapper takes float32 only, so finite differences are taken of the operator itself in float64.
    from mmrs.ops.prroi_pool import prroi_pool_forward

    def value(features, regions):
        out = grad.new_zeros(2, 3, 2, 2, dtype=torch.float64)
        prroi_pool_forward(features, regions, out, 2, 2, 1.0)
        return (out * grad).sum()

    exact = feat.detach().double(), rois.detach().double()
    for which, place in ((0, (1, 2, 3, 2)), (1, (0, 1)), (1, (0, 4)), (1, (1, 2)), (1, (1, 3))):
        step = torch.zeros_like(exact[which])
        step[place] = 1e-6
        up = value(*(t + step if i == which else t for i, t in enumerate(exact)))
        down = value(*(t - step if i == which else t for i, t in enumerate(exact)))
        assert found[which][place].item() == pytest.approx(((up - down) / 2e-6).item(), abs=1e-4)
