"""RoI align over upright boxes with average or maximum pooling."""

from __future__ import annotations

import torch
import torchvision  # noqa: F401  (registers torch.ops.torchvision)
from torch import Tensor

from .bags import bag_sum, kernel, to_table, working
from .bilinear import clamped_corners
from .extrema import segment_max
from .grids import Grids, adaptive, pool_grids, unpool_grids

#: With fewer channels a table row is too short to be worth it on CPU (masks have one channel).
MIN_TABLE_CHANNELS = 16


def upright_grids(
    rois: Tensor, pooled: tuple[int, int], spatial_scale: float, sampling_ratio: int, aligned: bool
) -> Grids:
    """Sample grids of upright boxes.

    Args:
        rois: (R, 5) of image index, x1, y1, x2, y2.
        pooled: Bins along height and width.
        spatial_scale: Feature pixels per box unit.
        sampling_ratio: Samples along each side of a bin; 0 adapts to the box.
        aligned: Whether pixel centres lie at half positions; if not, boxes are at least 1 x 1.

    Returns:
        Grids with ``pooled[0] * pooled[1]`` bins, row by row.
    """
    box = rois[:, 1:] * spatial_scale - (0.5 if aligned else 0.0)
    left, top, right, bottom = box.unbind(1)
    width, height = right - left, bottom - top
    if not aligned:
        width, height = width.clamp(min=1), height.clamp(min=1)
    rows, cols = adaptive(height, pooled[0], sampling_ratio), adaptive(width, pooled[1], sampling_ratio)
    bin_height, bin_width = height / pooled[0], width / pooled[1]
    y = top[:, None] + torch.arange(pooled[0], device=rois.device) * bin_height[:, None]
    x = left[:, None] + torch.arange(pooled[1], device=rois.device) * bin_width[:, None]
    origin = torch.stack((y[:, :, None].expand(-1, -1, pooled[1]), x[:, None].expand(-1, pooled[0], -1)), dim=-1)
    # Bins without samples divide by zero here, but then no sample reads the step.
    step_y, step_x = bin_height / rows, bin_width / cols
    down = torch.stack((step_y, torch.zeros_like(step_y)), dim=-1)
    across = torch.stack((torch.zeros_like(step_x), step_x), dim=-1)
    return Grids(rois[:, 0].long(), origin.flatten(1, 2), down, across, rows, cols)


def _through_table(device: torch.device, channels: int) -> bool:
    # torchvision's kernel is the better choice on CUDA and for masks; on CPU it runs on one thread.
    return device.type == 'cpu' and channels >= MIN_TABLE_CHANNELS


def _safe_boxes(rois: Tensor, sampling_ratio: int) -> Tensor:
    """Boxes that do not make torchvision's CPU kernel read out of bounds (NaN) or count negative samples."""
    rois = rois.nan_to_num(0, 0, 0)
    if sampling_ratio > 0:
        return rois
    return torch.cat((rois[:, :3], torch.maximum(rois[:, 3:], rois[:, 1:3])), dim=1)


@kernel
def roi_align_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Pools boxes into bins of bilinear samples.

    Args:
        input: (N, C, H, W).
        rois: (R, 5), see :func:`upright_grids`.
        output: (R, C, aligned_height, aligned_width), written.
        argmax_y: Row position of each maximum, as ``output``; written in maximum mode, where bins without samples
            get -1 and the value 0.
        argmax_x: Column position of each maximum, likewise.
        aligned_height: Bins along height.
        aligned_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
        sampling_ratio: Samples along each side of a bin; 0 adapts to the box.
        pool_mode: 0 for maximum, 1 for average.
        aligned: Whether pixel centres lie at half positions.
    """
    if output.numel() == 0:
        return
    data = working(input)
    rois = rois.to(data.dtype)
    pooled = aligned_height, aligned_width
    if pool_mode == 1 and not _through_table(input.device, input.size(1)):
        safe = _safe_boxes(rois, sampling_ratio)
        output.copy_(torch.ops.torchvision.roi_align(data, safe, spatial_scale, *pooled, sampling_ratio, aligned))
        return
    grids = upright_grids(rois, pooled, spatial_scale, sampling_ratio, aligned)
    if pool_mode == 1:
        pool_grids(data, grids, output.flatten(2))
    else:
        _max_pool(data, grids, output.flatten(2), argmax_y.flatten(2), argmax_x.flatten(2))


def _max_pool(data: Tensor, grids: Grids, output: Tensor, argmax_y: Tensor, argmax_x: Tensor) -> None:
    images, channels, height, width = data.shape
    table = to_table(data)
    for part, piece in grids.chunks():
        y, x, region, _ = piece.points()
        index, weight = clamped_corners(y, x, piece.image[region], (images, height, width))
        values = bag_sum(table, index.view(-1, 4), weight.view(-1, 4))
        lengths = (piece.rows * piece.cols + torch.zeros_like(piece.image)).repeat_interleave(output.size(2))
        best, place = segment_max(values, lengths)
        shape = (-1, output.size(2), channels)
        output[part].copy_(best.view(shape).transpose(1, 2))
        for position, out in ((y, argmax_y), (x, argmax_x)):
            # One more entry stands for bins without samples.
            known = torch.cat((position.flatten(), position.new_full((1,), -1)))
            out[part].copy_(known[place].view(shape).transpose(1, 2))


@kernel
def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Transposes :func:`roi_align_forward`; boxes get no gradient, as in mmcv.

    Args:
        grad_output: (R, C, aligned_height, aligned_width).
        rois: As in the forward pass, like the options.
        argmax_y: As written by the forward pass.
        argmax_x: As written by the forward pass.
        grad_input: (N, C, H, W), overwritten.
        aligned_height: Bins along height.
        aligned_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
        sampling_ratio: Samples along each side of a bin.
        pool_mode: 0 for maximum, 1 for average.
        aligned: Whether pixel centres lie at half positions.
    """
    if grad_output.numel() == 0:
        return
    pooled = aligned_height, aligned_width
    grad = working(grad_output)
    rois = rois.to(grad.dtype)
    if pool_mode == 0:
        scatter_points(grad.flatten(2), rois[:, 0].long(), argmax_y.flatten(2), argmax_x.flatten(2), grad_input)
    elif _through_table(grad.device, grad.size(1)):
        unpool_grids(grad.flatten(2), upright_grids(rois, pooled, spatial_scale, sampling_ratio, aligned), grad_input)
    else:
        spread = torch.ops.torchvision._roi_align_backward(
            grad, _safe_boxes(rois, sampling_ratio), spatial_scale, *pooled, *grad_input.shape, sampling_ratio, aligned
        )
        grad_input.copy_(spread)


def scatter_points(grad: Tensor, image: Tensor, y: Tensor, x: Tensor, grad_input: Tensor) -> None:
    """Spreads gradients of single samples, one position per channel, over their corners.

    Args:
        grad: (R, C, B).
        image: Image of each region, (R,).
        y: Row positions, (R, C, B); -1 marks values that come from no sample.
        x: Column positions, (R, C, B).
        grad_input: (N, C, H, W), overwritten.
    """
    images, channels, height, width = grad_input.shape
    plane = image[:, None] * channels + torch.arange(channels, device=image.device)
    size = images * channels, height, width
    index, weight = clamped_corners(y.to(grad.dtype), x.to(grad.dtype), plane[:, :, None], size)
    weight = weight * grad[..., None] * (y != -1)[..., None]
    flat = grad.new_zeros(grad_input.numel())
    flat.index_add_(0, index.flatten(), weight.flatten())
    grad_input.copy_(flat.view(grad_input.shape))
