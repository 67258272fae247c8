"""Average pooling over regions whose bins are moved: by learnt offsets (deformable RoI pooling) or along curves."""

from __future__ import annotations

import torch
from torch import Tensor

from .bags import bag_sum, from_table, kernel, to_table, working
from .grids import Grids, adaptive, pool_grids, unpool_grids
from .roi_align import upright_grids


def _bezier_grids(
    beziers: Tensor, pooled: tuple[int, int], spatial_scale: float, sampling_ratio: int, aligned: bool
) -> Grids:
    """Upright grids centred on a mesh between two cubic curves; see :func:`bezier_align_forward`."""
    points = (beziers[:, 1:] * spatial_scale).view(-1, 8, 2)
    upper, lower = points[:, :4], points[:, 4:].flip(1)
    across = torch.arange(pooled[1], device=beziers.device, dtype=beziers.dtype) / pooled[1]
    down = torch.arange(pooled[0], device=beziers.device, dtype=beziers.dtype)[:, None, None] / pooled[0]
    rest = 1 - across
    basis = torch.stack((rest**3, 3 * across * rest**2, 3 * across**2 * rest, across**3), dim=-1)
    centre = (basis @ lower)[:, None] * down + (basis @ upper)[:, None] * (1 - down) - (0.5 if aligned else 0.0)
    # The larger chord of the two curves is the size, however the curves bend.
    size = torch.maximum((upper[:, 0] - upper[:, 3]).abs(), (lower[:, 0] - lower[:, 3]).abs())
    width, height = (size if aligned else size.clamp(min=1)).unbind(-1)
    rows, cols = adaptive(height, pooled[0], sampling_ratio), adaptive(width, pooled[1], sampling_ratio)
    bins = torch.stack((height / pooled[0], width / pooled[1]), dim=-1)
    origin = centre.flip(-1) - bins[:, None, None] / 2
    step = bins / torch.stack(torch.broadcast_tensors(torch.as_tensor(rows), torch.as_tensor(cols)), dim=-1).to(bins)
    return Grids(
        beziers[:, 0].long(),
        origin.flatten(1, 2),
        step * bins.new_tensor([1, 0]),
        step * bins.new_tensor([0, 1]),
        rows,
        cols,
    )


@kernel
def bezier_align_forward(
    input: Tensor,
    beziers: Tensor,
    output: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> None:
    """Averages bins along the band between two cubic Bezier curves.

    Args:
        input: (N, C, H, W).
        beziers: (R, 17) of image index, four points x, y of the upper curve, then of the lower one backwards.
        output: (R, C, aligned_height, aligned_width), written.
        aligned_height: Bins from the upper to the lower curve.
        aligned_width: Bins along the curves.
        spatial_scale: Feature pixels per curve unit.
        sampling_ratio: Samples along each side of a bin; 0 adapts to the region.
        aligned: Whether pixel centres lie at half positions.
    """
    if output.numel() == 0:
        return
    beziers = beziers.to(working(input).dtype)
    grids = _bezier_grids(beziers, (aligned_height, aligned_width), spatial_scale, sampling_ratio, aligned)
    pool_grids(input, grids, output.flatten(2))


@kernel
def bezier_align_backward(
    grad_output: Tensor,
    beziers: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> None:
    """Transposes :func:`bezier_align_forward`; curves get no gradient, as in mmcv.

    Args:
        grad_output: As the output.
        beziers: As in the forward pass, like the options.
        grad_input: (N, C, H, W), overwritten.
        aligned_height: Bins from the upper to the lower curve.
        aligned_width: Bins along the curves.
        spatial_scale: Feature pixels per curve unit.
        sampling_ratio: Samples along each side of a bin.
        aligned: Whether pixel centres lie at half positions.
    """
    if grad_output.numel() == 0:
        return
    beziers = beziers.to(working(grad_output).dtype)
    grids = _bezier_grids(beziers, (aligned_height, aligned_width), spatial_scale, sampling_ratio, aligned)
    unpool_grids(grad_output.flatten(2), grids, grad_input)


def _moved_grids(
    rois: Tensor, offset: Tensor, pooled: tuple[int, int], spatial_scale: float, sampling_ratio: int, gamma: float
) -> Grids:
    """Grids of boxes whose bins are moved by offsets (R, 2, h, w) of x and y, or none; differentiable in them."""
    grids = upright_grids(rois, pooled, spatial_scale, sampling_ratio, aligned=True)
    if offset.numel():
        size = (rois[:, 3:] - rois[:, 1:3]) * (spatial_scale * gamma)
        grids.origin = grids.origin + (offset.flatten(2) * size[..., None]).flip(1).transpose(1, 2)
    return grids


@kernel
def deform_roi_pool_forward(
    input: Tensor,
    rois: Tensor,
    offset: Tensor,
    output: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    gamma: float,
) -> None:
    """Aligned RoI align with moved bins.

    Args:
        input: (N, C, H, W).
        rois: (R, 5) of image index, x1, y1, x2, y2.
        offset: Offsets x, y of each bin in units of ``gamma`` times the box, (R, 2, pooled_height, pooled_width);
            may be empty.
        output: (R, C, pooled_height, pooled_width), written.
        pooled_height: Bins along height.
        pooled_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
        sampling_ratio: Samples along each side of a bin; 0 adapts to the box.
        gamma: Scale of the offsets.
    """
    if output.numel() == 0:
        return
    data = working(input)
    pooled = pooled_height, pooled_width
    grids = _moved_grids(rois.to(data.dtype), offset.to(data.dtype), pooled, spatial_scale, sampling_ratio, gamma)
    pool_grids(data, grids, output.flatten(2))


@kernel
def deform_roi_pool_backward(
    grad_output: Tensor,
    input: Tensor,
    rois: Tensor,
    offset: Tensor,
    grad_input: Tensor,
    grad_offset: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    gamma: float,
) -> None:
    """Gradients of :func:`deform_roi_pool_forward` by map and offsets. The forward pass is repeated.

    At the border of the map the offsets get the derivative of the clamped samples, zero only across the border.

    Args:
        grad_output: As the output.
        input: As in the forward pass, like the options.
        rois: Boxes.
        offset: Offsets or empty.
        grad_input: As ``input``, overwritten.
        grad_offset: As ``offset``, overwritten.
        pooled_height: Bins along height.
        pooled_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
        sampling_ratio: Samples along each side of a bin.
        gamma: Scale of the offsets.
    """
    if grad_output.numel() == 0:
        return
    images, channels, height, width = input.shape
    table = to_table(input).requires_grad_()
    moves = offset.to(table.dtype, copy=True).requires_grad_()
    pooled = pooled_height, pooled_width
    with torch.enable_grad():
        grids = _moved_grids(rois.to(table.dtype), moves, pooled, spatial_scale, sampling_ratio, gamma)
        output = torch.cat([bag_sum(table, *part.bags((images, height, width))) for _, part in grids.chunks()])
    grad = working(grad_output).flatten(2).transpose(1, 2).reshape(-1, channels)
    grads = torch.autograd.grad(output, (table, moves), grad, allow_unused=True)
    from_table(grads[0], grad_input)
    if offset.numel():
        grad_offset.copy_(grads[1])
