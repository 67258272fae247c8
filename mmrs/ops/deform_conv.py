"""Deformable convolutions on torchvision's operator, whose offsets and masks are laid out as in mmcv.

The geometry comes as keywords, named as mmcv names them. Buffers that only the compiled kernels need are ignored.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torchvision  # noqa: F401  (registers torch.ops.torchvision)
from torch import Tensor

from .bags import kernel, working


class _Geometry(NamedTuple):
    """Arguments of torchvision's operator after the tensors."""

    stride_h: int
    stride_w: int
    pad_h: int
    pad_w: int
    dilation_h: int
    dilation_w: int
    groups: int
    offset_groups: int
    use_mask: bool

    @classmethod
    def version_1(cls, options: dict[str, int]) -> _Geometry:
        names = ('dH', 'dW', 'padH', 'padW', 'dilationH', 'dilationW', 'group', 'deformable_group')
        return cls._make([*(options[name] for name in names), False])

    @classmethod
    def version_2(cls, options: dict[str, int]) -> _Geometry:
        names = (*cls._fields[:6], 'group', 'deformable_group')
        return cls._make([*(options[name] for name in names), True])


def _forward(geometry: _Geometry, *tensors: Tensor) -> Tensor:
    """Output for input, weight, offset, mask and bias."""
    return torch.ops.torchvision.deform_conv2d(*(working(t).contiguous() for t in tensors), *geometry)


def _backward(geometry: _Geometry, *tensors: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of input, weight, offset, mask and bias, for the output's gradient followed by those tensors."""
    return torch.ops.torchvision._deform_conv2d_backward(*(working(t).contiguous() for t in tensors), *geometry)


def _no_bias(weight: Tensor) -> Tensor:
    return weight.new_zeros(weight.size(0))


def _no_mask(input: Tensor) -> Tensor:
    return input.new_zeros(input.size(0), 1)


@kernel
def deform_conv_forward(
    input: Tensor, weight: Tensor, offset: Tensor, output: Tensor, columns: Tensor, ones: Tensor, **options: int
) -> None:
    """Deformable convolution, version 1.

    Args:
        input: (N, C, H, W).
        weight: (O, C / group, kH, kW).
        offset: (N, 2 * deformable_group * kH * kW, H', W') of y and x by turns.
        output: (N, O, H', W'), written.
        columns: Scratch, unused.
        ones: Scratch, unused.
        **options: dW, dH (stride), padW, padH, dilationW, dilationH, group, deformable_group; others are ignored.
    """
    geometry = _Geometry.version_1(options)
    output.copy_(_forward(geometry, input, weight, offset, _no_mask(input), _no_bias(weight)))


@kernel
def deform_conv_backward_input(
    input: Tensor,
    offset: Tensor,
    gradOutput: Tensor,
    gradInput: Tensor,
    gradOffset: Tensor,
    weight: Tensor,
    columns: Tensor,
    **options: int,
) -> None:
    """Gradients of :func:`deform_conv_forward` by input and offset.

    torchvision computes the gradient of the weight in the same call. It is left in ``columns``, which mmcv hands to
    :func:`deform_conv_backward_parameters` next, so that it need not be computed twice.

    Args:
        input: As in the forward pass.
        offset: As in the forward pass.
        gradOutput: (N, O, H', W').
        gradInput: As ``input``, overwritten.
        gradOffset: As ``offset``, overwritten.
        weight: As in the forward pass.
        columns: Scratch that belongs to one call of one layer; resized.
        **options: As in the forward pass.
    """
    geometry = _Geometry.version_1(options)
    grads = _backward(geometry, gradOutput, input, weight, offset, _no_mask(input), _no_bias(weight))
    gradInput.copy_(grads[0])
    gradOffset.copy_(grads[2])
    columns.resize_(weight.shape).copy_(grads[1])


@kernel
def deform_conv_backward_parameters(
    input: Tensor,
    offset: Tensor,
    gradOutput: Tensor,
    gradWeight: Tensor,
    columns: Tensor,
    ones: Tensor,
    scale: float = 1.0,
    **options: int,
) -> None:
    """Gradient of :func:`deform_conv_forward` by the weight.

    Args:
        input: As in the forward pass.
        offset: As in the forward pass.
        gradOutput: (N, O, H', W').
        gradWeight: (O, C / group, kH, kW), overwritten.
        columns: What :func:`deform_conv_backward_input` left there, emptied; if empty, the gradient is computed.
        ones: Scratch, unused.
        scale: Factor on the gradient.
        **options: As in the forward pass.
    """
    if columns.shape == gradWeight.shape:
        gradWeight.copy_(columns * scale)
        columns.resize_(0)
        return
    geometry = _Geometry.version_1(options)
    # The gradient of a weight does not depend on the weight: a buffer of its shape will do.
    grads = _backward(geometry, gradOutput, input, gradWeight, offset, _no_mask(input), _no_bias(gradWeight))
    gradWeight.copy_(grads[1] * scale)


@kernel
def modulated_deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    with_bias: bool,
    **options: int,
) -> None:
    """Deformable convolution, version 2: samples are scaled by a mask.

    Args:
        input: (N, C, H, W).
        weight: (O, C / group, kernel_h, kernel_w).
        bias: (O,), or empty.
        ones: Scratch, unused.
        offset: (N, 2 * deformable_group * kernel_h * kernel_w, H', W') of y and x by turns.
        mask: (N, deformable_group * kernel_h * kernel_w, H', W').
        output: (N, O, H', W'), written.
        columns: Scratch, unused.
        with_bias: Whether ``bias`` counts.
        **options: stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, group, deformable_group; others are
            ignored.
    """
    added = bias if with_bias else _no_bias(weight)
    output.copy_(_forward(_Geometry.version_2(options), input, weight, offset, mask, added))


@kernel
def modulated_deform_conv_backward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    with_bias: bool,
    **options: int,
) -> None:
    """Gradients of :func:`modulated_deform_conv_forward`.

    Args:
        input: As in the forward pass.
        weight: As in the forward pass.
        bias: As in the forward pass.
        ones: Scratch, unused.
        offset: As in the forward pass.
        mask: As in the forward pass.
        columns: Scratch, unused.
        grad_input: As ``input``, overwritten, like all gradients.
        grad_weight: As ``weight``.
        grad_bias: As ``bias``; left alone without bias.
        grad_offset: As ``offset``.
        grad_mask: As ``mask``.
        grad_output: (N, O, H', W').
        with_bias: Whether there is a bias.
        **options: As in the forward pass.
    """
    geometry = _Geometry.version_2(options)
    grads = _backward(geometry, grad_output, input, weight, offset, mask, _no_bias(weight))
    for out, grad in zip((grad_input, grad_weight, grad_offset, grad_mask), grads[:4], strict=True):
        out.copy_(grad)
    if with_bias:
        grad_bias.copy_(grads[4])
