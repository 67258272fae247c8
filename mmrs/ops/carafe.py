"""CARAFE: upsampling in which every output pixel has a kernel of its own."""

from __future__ import annotations

import torch
from torch import Tensor

from .bags import bag_sum, from_table, index_dtype, kernel, to_table, working


def _neighbours(size: torch.Size, kernel_size: int, group_size: int, scale_factor: int) -> tuple[Tensor, Tensor]:
    """Table rows (bags, kernel_size ** 2) of each output pixel and group, and which of them lie in the map."""
    images, _, height, width = size
    reach = torch.arange(kernel_size) - kernel_size // 2
    y = torch.arange(height * scale_factor)[:, None] // scale_factor + reach
    x = torch.arange(width * scale_factor)[:, None] // scale_factor + reach
    inside_y, inside_x = (y >= 0) & (y < height), (x >= 0) & (x < width)
    pixel = y.clamp(0, height - 1)[:, None, :, None] * width + x.clamp(0, width - 1)[None, :, None]
    inside = inside_y[:, None, :, None] & inside_x[None, :, None]
    image = torch.arange(images)[:, None, None, None] * (height * width)
    # A pixel's groups are consecutive rows of the table.
    rows = (image + pixel.flatten(0, 1).flatten(1)[:, None]) * group_size + torch.arange(group_size)[:, None]
    return rows.flatten(0, 2), inside.flatten(0, 1).flatten(1)[None, :, None]


def _reassemble(table: Tensor, masks: Tensor, size: torch.Size, options: tuple[int, int, int]) -> Tensor:
    """Output table (N * H' * W', C), differentiable in table and masks."""
    kernel_size, group_size, _ = options
    rows, inside = _neighbours(size, *options)
    weights = masks.permute(0, 2, 3, 1).unflatten(-1, (group_size, kernel_size**2)).flatten(1, 2)
    weights = weights * inside.to(masks.device)
    grouped = table.view(table.size(0) * group_size, -1)
    rows = rows.to(masks.device, index_dtype(grouped.size(0)))
    return bag_sum(grouped, rows, weights.flatten(0, 2)).view(-1, size[1])


@kernel
def carafe_naive_forward(
    features: Tensor, masks: Tensor, output: Tensor, kernel_size: int, group_size: int, scale_factor: int
) -> None:
    """Sums the neighbourhood of each output pixel's source pixel with that pixel's kernel.

    Args:
        features: (N, C, H, W).
        masks: Kernels, (N, group_size * kernel_size ** 2, H * scale_factor, W * scale_factor).
        output: (N, C, H * scale_factor, W * scale_factor), written.
        kernel_size: Side of the neighbourhood.
        group_size: Groups of channels with kernels of their own.
        scale_factor: Upsampling factor.
    """
    if output.numel() == 0:
        return
    weights = masks.to(working(features).dtype)
    options = kernel_size, group_size, scale_factor
    from_table(_reassemble(to_table(features), weights, features.shape, options), output)


@kernel
def carafe_naive_backward(
    top_grad: Tensor,
    features: Tensor,
    masks: Tensor,
    bottom_grad: Tensor,
    mask_grad: Tensor,
    kernel_size: int,
    group_size: int,
    scale_factor: int,
) -> None:
    """Gradients of :func:`carafe_naive_forward`. The forward pass is repeated: it costs a fraction of the scatter.

    Args:
        top_grad: As the output.
        features: As in the forward pass, like the options.
        masks: Kernels.
        bottom_grad: As ``features``, overwritten.
        mask_grad: As ``masks``, overwritten.
        kernel_size: Side of the neighbourhood.
        group_size: Groups of channels with kernels of their own.
        scale_factor: Upsampling factor.
    """
    if top_grad.numel() == 0:
        return
    table = to_table(features).requires_grad_()
    weights = masks.to(table.dtype, copy=True).requires_grad_()
    with torch.enable_grad():
        output = _reassemble(table, weights, features.shape, (kernel_size, group_size, scale_factor))
    grads = torch.autograd.grad(output, (table, weights), to_table(top_grad))
    from_table(grads[0], bottom_grad)
    mask_grad.copy_(grads[1])


@kernel
def carafe_forward(
    features: Tensor,
    masks: Tensor,
    rfeatures: Tensor,
    routput: Tensor,
    rmasks: Tensor,
    output: Tensor,
    kernel_size: int,
    group_size: int,
    scale_factor: int,
) -> None:
    """As :func:`carafe_naive_forward`, with the buffers of the compiled kernel.

    Args:
        features: (N, C, H, W).
        masks: Kernels.
        rfeatures: As ``features``; becomes a copy of it, which mmcv hands to the backward pass.
        routput: Scratch, unused.
        rmasks: Scratch, unused.
        output: Written.
        kernel_size: Side of the neighbourhood.
        group_size: Groups of channels with kernels of their own.
        scale_factor: Upsampling factor.
    """
    rfeatures.copy_(features)
    carafe_naive_forward(features, masks, output, kernel_size, group_size, scale_factor)


@kernel
def carafe_backward(
    top_grad: Tensor,
    rfeatures: Tensor,
    masks: Tensor,
    rtop_grad: Tensor,
    rbottom_grad_hs: Tensor,
    rbottom_grad: Tensor,
    rmask_grad: Tensor,
    bottom_grad: Tensor,
    mask_grad: Tensor,
    kernel_size: int,
    group_size: int,
    scale_factor: int,
) -> None:
    """As :func:`carafe_naive_backward`, with the buffers of the compiled kernel.

    Args:
        top_grad: As the output.
        rfeatures: The features, as the forward pass left them.
        masks: Kernels.
        rtop_grad: Scratch, unused.
        rbottom_grad_hs: Scratch, unused.
        rbottom_grad: Scratch, unused.
        rmask_grad: Scratch, unused.
        bottom_grad: As the features, overwritten.
        mask_grad: As ``masks``, overwritten.
        kernel_size: Side of the neighbourhood.
        group_size: Groups of channels with kernels of their own.
        scale_factor: Upsampling factor.
    """
    options = kernel_size, group_size, scale_factor
    carafe_naive_backward(top_grad, rfeatures, masks, bottom_grad, mask_grad, *options)
