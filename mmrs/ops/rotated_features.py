"""Operators of the rotated one-stage detectors: oriented filters (S2ANet, ReDet) and feature alignment (R3Det)."""

from __future__ import annotations

import torch
from torch import Tensor

from .bags import bag_scatter, bag_sum, from_table, kernel, to_table, working
from .bilinear import clamped_corners


def _targets(indices: Tensor) -> Tensor:
    """Place of each filter entry in each rotation, (rotations, entries), from mmcv's table of places from 1 on."""
    return indices.flatten(0, 2).t().long() - 1


@kernel
def active_rotated_filter_forward(input: Tensor, indices: Tensor, output: Tensor) -> None:
    """Makes rotated copies of oriented filters by moving their entries.

    Args:
        input: (O, I, orientations, kH, kW).
        indices: Place of each entry in each rotation, from 1 on, (orientations, kH, kW, rotations), integer.
        output: (O * rotations, I * orientations, kH, kW), written. Of entries with one place, the last one counts;
            places that none takes are 0.
    """
    target = _targets(indices)
    rotations, entries = target.shape
    # Index tables that are no permutations would make a plain scatter depend on the order of writing.
    source = torch.full_like(target, -1)
    source = source.scatter_reduce(1, target, torch.arange(entries, device=target.device).expand_as(target), 'amax')
    moved = input.flatten(2)[:, :, source.clamp(min=0)].masked_fill(source < 0, 0)
    output.copy_(moved.transpose(1, 2).reshape(output.shape))


@kernel
def active_rotated_filter_backward(grad_out: Tensor, indices: Tensor, grad_in: Tensor) -> None:
    """Sums each entry's gradient over its places in all rotations.

    Args:
        grad_out: (O * rotations, I * orientations, kH, kW).
        indices: As in the forward pass.
        grad_in: (O, I, orientations, kH, kW), overwritten.
    """
    target = _targets(indices)
    planes_out, planes_in = grad_in.shape[:2]
    grad = working(grad_out).reshape(planes_out, target.size(0), planes_in, -1)
    place = target[None, :, None].expand(planes_out, -1, planes_in, -1)
    grad_in.copy_(grad.gather(3, place).sum(1).view(grad_in.shape))


def _aligned_bags(
    boxes: Tensor, spatial_scale: float, points: int, size: tuple[int, int, int]
) -> tuple[Tensor, Tensor]:
    """Rows and weights that sum the samples at each pixel's box centre and, with 5 points, its corners."""
    flat = boxes.reshape(-1, 5)
    # mmcv's kernels take the first coordinate as the row.
    centre_y, centre_x = (flat[:, :2] * spatial_scale)[:, None].unbind(-1)
    half_w, half_h = (flat[:, 2:4] * (spatial_scale / 2))[:, None].unbind(-1)
    cos, sin = flat[:, 4:].cos(), flat[:, 4:].sin()
    side_w = flat.new_tensor([0, 1, -1, -1, 1])[:points]
    side_h = flat.new_tensor([0, 1, 1, -1, -1])[:points]
    x = centre_x + side_w * half_w * cos - side_h * half_h * sin
    y = centre_y + side_w * half_w * sin + side_h * half_h * cos
    image = torch.arange(size[0], device=boxes.device).repeat_interleave(size[1] * size[2])
    index, weight = clamped_corners(y, x, image[:, None], size)
    return index.flatten(1), weight.flatten(1)


@kernel
def rotated_feature_align_forward(
    features: Tensor, best_bboxes: Tensor, output: Tensor, spatial_scale: float, points: int
) -> None:
    """Adds to each pixel the features at the points of its refined box.

    Args:
        features: (N, C, H, W).
        best_bboxes: (N, H, W, 5) of y, x, width, height, angle in radians, in image pixels.
        output: As ``features``, written.
        spatial_scale: Feature pixels per image pixel.
        points: 1 for the centre, 5 for centre and corners.
    """
    if features.numel() == 0:
        return
    images, _, height, width = features.shape
    boxes = best_bboxes.to(working(features).dtype)
    table = to_table(features)
    index, weight = _aligned_bags(boxes, spatial_scale, points, (images, height, width))
    from_table(table + bag_sum(table, index, weight), output)


@kernel
def rotated_feature_align_backward(
    top_grad: Tensor, best_bboxes: Tensor, bottom_grad: Tensor, spatial_scale: float, points: int
) -> None:
    """Transposes :func:`rotated_feature_align_forward`; boxes get no gradient, as in mmcv.

    Args:
        top_grad: (N, C, H, W).
        best_bboxes: As in the forward pass.
        bottom_grad: As ``top_grad``, overwritten.
        spatial_scale: Feature pixels per image pixel.
        points: As in the forward pass.
    """
    if top_grad.numel() == 0:
        return
    images, _, height, width = top_grad.shape
    boxes = best_bboxes.to(working(top_grad).dtype)
    grad = to_table(top_grad)
    index, weight = _aligned_bags(boxes, spatial_scale, points, (images, height, width))
    from_table(grad + bag_scatter(grad, index, weight, grad.size(0)), bottom_grad)
