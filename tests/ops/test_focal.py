"""Focal losses through mmcv's wrappers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

import mmrs  # noqa: F401

ops = pytest.importorskip('mmcv.ops')

SETTINGS = [(2.0, 0.25), (1.5, 0.5)]


def check(loss_of, data, key, rows=slice(None)):
    """Loss and gradient in float64 against the closed form; the reference gradient is of the sum."""
    x = data['x'].clone().requires_grad_()
    torch.testing.assert_close(loss_of(x, 'none')[rows], data[key][rows], atol=1e-12, rtol=1e-10)
    # mmcv's softmax loss cannot be differentiated without a reduction: shapes (N, C) and (N,) meet there.
    loss_of(x, 'sum').backward()
    torch.testing.assert_close(x.grad[rows], data[f'{key}_grad'][rows], atol=1e-12, rtol=1e-10)


@pytest.mark.parametrize('gamma, alpha', SETTINGS)
@pytest.mark.parametrize('weighted', [False, True])
def test_sigmoid_equals_the_formula(reference, gamma, alpha, weighted):
    data = reference('sigmoid_focal_loss_formula')
    weight = data['weight'] if weighted else None
    # The compiled kernel reads past the weights for background; that row weighs 1 here, as the reference does not.
    rows = data['target'] < 7 if weighted else slice(None)
    key = f'g{gamma}_a{alpha}_{"w" if weighted else "none"}'
    check(lambda x, how: ops.sigmoid_focal_loss(x, data['target'], gamma, alpha, weight, how), data, key, rows)


@pytest.mark.parametrize('gamma, alpha', SETTINGS)
def test_softmax_equals_the_formula(reference, gamma, alpha):
    data = reference('softmax_focal_loss_formula')
    key = f'g{gamma}_a{alpha}'
    check(lambda x, how: ops.softmax_focal_loss(x, data['target'], gamma, alpha, None, how), data, key)


def test_background_is_negative_everywhere_and_weighs_one():
    x, weight = torch.randn(3, 4), torch.tensor([2.0, 3, 4, 5])
    target = torch.tensor([4, 1, 4])
    loss = ops.sigmoid_focal_loss(x, target, 2.0, 0.25, weight, 'none')
    p = x.sigmoid()
    torch.testing.assert_close(loss[[0, 2]], (-0.75 * p**2 * (1 - p).log())[[0, 2]])
    torch.testing.assert_close(loss[1], 3 * ops.sigmoid_focal_loss(x, target, 2.0, 0.25, None, 'none')[1])


@pytest.mark.parametrize(
    'loss, reduction',
    [(ops.sigmoid_focal_loss, how) for how in ('none', 'mean', 'sum')]
    + [(ops.softmax_focal_loss, how) for how in ('mean', 'sum')],
)
def test_gradients(loss, reduction):
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    target, weight = torch.tensor([0, 2, 1, 2, 0]), torch.tensor([0.5, 2, 1], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda t: loss(t, target, 2.0, 0.25, weight, reduction), x)


def test_zero_gamma_is_cross_entropy():
    x, target = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    sigmoid = ops.sigmoid_focal_loss(x, target, 0.0, 0.5, None, 'sum') * 2
    expected = F.binary_cross_entropy_with_logits(x, F.one_hot(target, 4).float(), reduction='sum')
    torch.testing.assert_close(sigmoid, expected)
    torch.testing.assert_close(ops.softmax_focal_loss(x, target, 0.0, 1.0), F.cross_entropy(x, target))


def test_rows_without_a_class_have_no_softmax_loss():
    x = torch.randn(3, 4, requires_grad=True)
    target = torch.tensor([-1, 4, 1])
    loss = ops.softmax_focal_loss(x, target, 2.0, 0.25, None, 'none')
    (grad,) = torch.autograd.grad(ops.softmax_focal_loss(x, target, 2.0, 0.25, None, 'sum'), x)
    assert not loss[:2].any() and not grad[:2].any() and loss[2] > 0


@pytest.mark.parametrize('loss', [ops.sigmoid_focal_loss, ops.softmax_focal_loss])
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float32])
def test_extreme_logits_and_half(loss, dtype):
    x = torch.tensor([[60.0, -60], [-60, 60], [0, 0]], dtype=dtype, requires_grad=True)
    value = loss(x, torch.tensor([1, 1, 0]), 2.0, 0.25, None, 'sum')
    value.backward()
    assert value.dtype == x.grad.dtype == dtype
    assert value.isfinite() and x.grad.isfinite().all()


@pytest.mark.parametrize('loss', [ops.sigmoid_focal_loss, ops.softmax_focal_loss])
def test_no_rows(loss):
    x = torch.zeros(0, 4, requires_grad=True)
    if loss is ops.softmax_focal_loss:
        value = loss(x, torch.zeros(0, dtype=torch.long), 2.0, 0.25, torch.ones(4), 'sum')
    else:
        value = loss(x, torch.zeros(0, dtype=torch.long), 2.0, 0.25, None, 'sum')
    value.backward()
    assert value == 0 and x.grad.shape == (0, 4)
