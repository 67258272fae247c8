"""RoI align over rotated boxes, plain and rotation-invariant."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .bags import kernel, working
from .grids import Grids, adaptive, pool_grids, unpool_grids


def rotated_grids(
    rois: Tensor,
    pooled: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
    clockwise: bool,
) -> Grids:
    """Sample grids of rotated boxes.

    Args:
        rois: (R, 6) of image index, centre x, centre y, width, height, angle in radians.
        pooled: Bins along height and width.
        spatial_scale: Feature pixels per box unit.
        sampling_ratio: Samples along each side of a bin; 0 adapts to the box.
        aligned: Whether pixel centres lie at half positions; if not, boxes are at least 1 x 1.
        clockwise: Sense of the angle.

    Returns:
        Grids with ``pooled[0] * pooled[1]`` bins, row by row.
    """
    offset = 0.5 if aligned else 0.0
    centre = rois[:, [2, 1]] * spatial_scale - offset
    width, height = rois[:, 3] * spatial_scale, rois[:, 4] * spatial_scale
    if not aligned:
        width, height = width.clamp(min=1), height.clamp(min=1)
    angle = -rois[:, 5] if clockwise else rois[:, 5]
    cos, sin = angle.cos(), angle.sin()
    # Unit steps along the box's height and width, as (y, x).
    along_height, along_width = torch.stack((cos, sin), dim=-1), torch.stack((-sin, cos), dim=-1)
    rows, cols = adaptive(height, pooled[0], sampling_ratio), adaptive(width, pooled[1], sampling_ratio)
    bin_height, bin_width = height / pooled[0], width / pooled[1]
    bin_y = torch.arange(pooled[0], device=rois.device) * bin_height[:, None] - height[:, None] / 2
    bin_x = torch.arange(pooled[1], device=rois.device) * bin_width[:, None] - width[:, None] / 2
    origin = (
        bin_y[:, :, None, None] * along_height[:, None, None] + bin_x[:, None, :, None] * along_width[:, None, None]
    )
    origin = (origin + centre[:, None, None]).flatten(1, 2)
    # Bins without samples divide by zero here, but then no sample reads the step.
    down, right = (bin_height / rows)[:, None], (bin_width / cols)[:, None]
    return Grids(rois[:, 0].long(), origin, down * along_height, right * along_width, rows, cols)


@kernel
def roi_align_rotated_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
    clockwise: bool,
) -> None:
    """Averages rotated boxes into bins.

    Args:
        input: (N, C, H, W).
        rois: (R, 6), see :func:`rotated_grids`.
        output: (R, C, pooled_height, pooled_width), written.
        pooled_height: Bins along height.
        pooled_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
        sampling_ratio: Samples along each side of a bin; 0 adapts to the box.
        aligned: Whether pixel centres lie at half positions.
        clockwise: Sense of the angle.
    """
    if output.numel() == 0:
        return
    pooled = pooled_height, pooled_width
    grids = rotated_grids(rois.to(working(input).dtype), pooled, spatial_scale, sampling_ratio, aligned, clockwise)
    pool_grids(input, grids, output.flatten(2))


@kernel
def roi_align_rotated_backward(
    top_grad: Tensor,
    rois: Tensor,
    bottom_grad: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
    clockwise: bool,
) -> None:
    """Transposes :func:`roi_align_rotated_forward`; boxes get no gradient, as in mmcv.

    Args:
        top_grad: Gradient of the output, (R, C, pooled_height, pooled_width).
        rois: As in the forward pass, like the options.
        bottom_grad: (N, C, H, W), overwritten.
        pooled_height: Bins along height.
        pooled_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
        sampling_ratio: Samples along each side of a bin.
        aligned: Whether pixel centres lie at half positions.
        clockwise: Sense of the angle.
    """
    if top_grad.numel() == 0:
        return
    pooled = pooled_height, pooled_width
    rois = rois.to(working(top_grad).dtype)
    grids = rotated_grids(rois, pooled, spatial_scale, sampling_ratio, aligned, clockwise)
    unpool_grids(top_grad.flatten(2), grids, bottom_grad)


@kernel
def riroi_align_rotated_forward(
    features: Tensor,
    rois: Tensor,
    output: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
    num_samples: int,
    num_orientations: int,
    clockwise: bool,
) -> None:
    """Rotation-invariant RoI align (ReDet): also turns the orientation channels by the box's angle.

    Args:
        features: (N, C * num_orientations, H, W).
        rois: (R, 6), see :func:`rotated_grids`.
        output: (R, C * num_orientations, pooled_height, pooled_width), written.
        pooled_height: Bins along height.
        pooled_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
        num_samples: Samples along each side of a bin; 0 adapts to the box.
        num_orientations: Orientation channels per feature.
        clockwise: Sense of the angle.
    """
    if output.numel() == 0:
        return
    rois = rois.to(working(features).dtype)
    pooled = pooled_height, pooled_width
    grids = rotated_grids(rois, pooled, spatial_scale, num_samples, aligned=False, clockwise=clockwise)
    pooled_values = output.new_empty(output.shape, dtype=rois.dtype).flatten(2)
    pool_grids(features, grids, pooled_values)
    turned = _turn_orientations(pooled_values.unflatten(1, (-1, num_orientations)), rois[:, 5])
    output.copy_(turned.view(output.shape))


@kernel
def riroi_align_rotated_backward(
    top_grad: Tensor,
    rois: Tensor,
    bottom_grad: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
    num_samples: int,
    num_orientations: int,
    clockwise: bool,
) -> None:
    """Transposes :func:`riroi_align_rotated_forward`.

    Args:
        top_grad: Gradient of the output.
        rois: As in the forward pass, like the options.
        bottom_grad: (N, C * num_orientations, H, W), overwritten.
        pooled_height: Bins along height.
        pooled_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
        num_samples: Samples along each side of a bin.
        num_orientations: Orientation channels per feature.
        clockwise: Sense of the angle.
    """
    if top_grad.numel() == 0:
        return
    grad = working(top_grad).flatten(2).unflatten(1, (-1, num_orientations))
    rois = rois.to(grad.dtype)
    grad = _turn_orientations(grad, rois[:, 5], transpose=True).flatten(1, 2)
    pooled = pooled_height, pooled_width
    grids = rotated_grids(rois, pooled, spatial_scale, num_samples, aligned=False, clockwise=clockwise)
    unpool_grids(grad, grids, bottom_grad)


def _turn_orientations(values: Tensor, angle: Tensor, transpose: bool = False) -> Tensor:
    """Shifts (R, C, orientations, B) cyclically by each region's angle, linearly between neighbours."""
    count = values.size(2)
    turns = angle * (count / (2 * math.pi))
    whole = turns.floor()
    share = (turns - whole)[:, None, None, None]
    places = torch.arange(count, device=values.device)
    sign = 1 if transpose else -1
    near = (places + sign * whole.long()[:, None]).remainder(count)[:, None, :, None].expand_as(values)
    # The forward reads the next channel as the second neighbour, so the transpose reads the one before.
    far = (near - sign).remainder(count)
    return (1 - share) * values.gather(2, near) + share * values.gather(2, far)
