"""Deformable convolutions through mmcv's wrappers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

import mmrs  # noqa: F401

ops = pytest.importorskip('mmcv.ops')

GEOMETRIES = {'g1': (1, 1, 1, 1, 1), 'g2': (2, 2, 2, 2, 2)}


def check_gradients(out, leaves, data):
    grads = torch.autograd.grad(out, list(leaves.values()), data['grad_out'])
    for name, grad in zip(leaves, grads, strict=True):
        torch.testing.assert_close(grad, data[f'g_{name}'], atol=1e-4, rtol=1e-5, msg=name)


@pytest.mark.parametrize('case', GEOMETRIES)
def test_version_1_equals_compiled(reference, case):
    data = reference(f'deform_conv_{case}')
    leaves = {name: data[name].requires_grad_() for name in ('x', 'off', 'w')}
    out = ops.deform_conv2d(*leaves.values(), *GEOMETRIES[case])
    torch.testing.assert_close(out, data['out'], atol=1e-5, rtol=0)
    check_gradients(out, leaves, data)


@pytest.mark.parametrize('case', GEOMETRIES)
def test_version_2_equals_compiled(reference, case):
    data = reference(f'modulated_deform_conv_{case}')
    leaves = {name: data[name].requires_grad_() for name in ('x', 'off', 'mask', 'w', 'b')}
    out = ops.modulated_deform_conv2d(*leaves.values(), *GEOMETRIES[case])
    torch.testing.assert_close(out, data['out'], atol=1e-5, rtol=0)
    check_gradients(out, leaves, data)


def tiny(groups, offset_groups, dtype=torch.float64):
    """Input, offset, mask, weight and bias of a 2 x 3 kernel with stride 1 on a 4 x 5 map, 3 x 3 outputs."""
    shapes = (1, 4, 4, 5), (1, 12 * offset_groups, 3, 3), (1, 6 * offset_groups, 3, 3), (2, 4 // groups, 2, 3), (2,)
    # Offsets stay away from whole pixels, where bilinear sampling has a kink.
    leaves = [torch.randn(shape, dtype=dtype) for shape in shapes]
    leaves[1] = (leaves[1] * 2).floor() + 0.2 + 0.6 * torch.rand(shapes[1], dtype=dtype)
    return [leaf.requires_grad_() for leaf in leaves]


@pytest.mark.parametrize('groups, offset_groups', [(1, 1), (2, 1), (1, 2), (2, 4)])
def test_gradients(groups, offset_groups):
    x, offset, mask, weight, bias = tiny(groups, offset_groups)
    options = 1, 0, 1, groups, offset_groups
    assert torch.autograd.gradcheck(lambda *t: ops.deform_conv2d(*t, *options), (x, offset, weight))
    assert torch.autograd.gradcheck(
        lambda *t: ops.modulated_deform_conv2d(*t, *options), (x, offset, mask, weight, bias)
    )


@pytest.mark.parametrize('wanted', [(0,), (1,), (2,), (0, 2), (1, 2)])
def test_weight_gradient_does_not_depend_on_what_else_is_wanted(wanted):
    x, offset, _, weight, _ = tiny(1, 1)
    leaves = [x, offset, weight]
    everything = torch.autograd.grad(ops.deform_conv2d(*leaves).square().sum(), leaves)
    mixed = [leaf if i in wanted else leaf.detach() for i, leaf in enumerate(leaves)]
    out = ops.deform_conv2d(*mixed)
    for _ in range(2):  # a second backward through the same graph finds the scratch buffer used
        some = torch.autograd.grad(out.square().sum(), [leaves[i] for i in wanted], retain_graph=True)
        for i, grad in zip(wanted, some, strict=True):
            torch.testing.assert_close(grad, everything[i])


def test_without_offsets_it_is_a_convolution():
    x, weight = torch.randn(2, 4, 9, 8), torch.randn(6, 2, 3, 3)
    offset, mask = torch.zeros(2, 18, 5, 4), torch.ones(2, 9, 5, 4)
    expected = F.conv2d(x, weight, None, 2, 1, 1, 2)
    torch.testing.assert_close(ops.deform_conv2d(x, offset, weight, 2, 1, 1, 2), expected, atol=1e-5, rtol=0)
    found = ops.modulated_deform_conv2d(x, offset, mask, weight, None, 2, 1, 1, 2)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_and_strided_tensors(dtype):
    leaves = [leaf.detach().to(dtype) for leaf in tiny(2, 2)]
    exact = ops.modulated_deform_conv2d(*(leaf.float() for leaf in leaves), 1, 0, 1, 2, 2)
    leaves[0] = leaves[0].contiguous(memory_format=torch.channels_last)
    leaves = [leaf.requires_grad_() for leaf in leaves]
    out = ops.modulated_deform_conv2d(*leaves, 1, 0, 1, 2, 2)
    out.backward(torch.randn_like(out).transpose(2, 3))
    assert out.dtype == dtype and all(leaf.grad.isfinite().all() for leaf in leaves)
    torch.testing.assert_close(out.float(), exact, atol=1e-1, rtol=2e-2)


def test_autocast_casts_as_mmcv_does():
    layer = ops.ModulatedDeformConv2dPack(4, 6, 3, padding=1)
    x = torch.randn(1, 4, 6, 6, requires_grad=True)
    with torch.autocast('cpu', torch.bfloat16):
        out = layer(x)
    out.float().sum().backward()
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), layer(x), atol=5e-2, rtol=5e-2)


def test_masked_convolution_is_the_convolution_at_the_mask():
    layer = ops.MaskedConv2d(3, 4, 3, padding=1)
    x, mask = torch.randn(1, 3, 6, 7), (torch.rand(1, 6, 7) > 0.5).float()
    with torch.no_grad():
        torch.testing.assert_close(layer(x, mask), layer(x) * mask[:, None], atol=1e-6, rtol=0)
        assert not layer(x, torch.zeros(1, 6, 7)).any()
