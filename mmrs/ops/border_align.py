"""BorderDet's maximum over samples along the four sides of boxes."""

from __future__ import annotations

import torch
from torch import Tensor

from .bags import bag_sum, kernel, to_table, working
from .bilinear import clamped_corners


def _positions(boxes: Tensor, place: Tensor, pool_size: int) -> tuple[Tensor, Tensor]:
    """Row and column of the ``place``-th samples along the top, left, bottom and right sides (last axis of place).

    The top and left sides start at (x1, y1), the others at (x2, y2).
    """
    x1, y1, x2, y2 = boxes.unbind(-1)
    step_x, step_y = (x2 - x1) / pool_size, (y2 - y1) / pool_size
    still = torch.zeros_like(x1)
    start_y, start_x = torch.stack((y1, y1, y2, y2), dim=-1), torch.stack((x1, x1, x2, x2), dim=-1)
    move_y = torch.stack((still, step_y, still, -step_y), dim=-1)
    move_x = torch.stack((step_x, still, -step_x, still), dim=-1)
    return start_y + place * move_y, start_x + place * move_x


@kernel
def border_align_forward(input: Tensor, boxes: Tensor, output: Tensor, argmax_idx: Tensor, pool_size: int) -> None:
    """Takes the maximum of ``pool_size + 1`` samples along each side of each box.

    Args:
        input: (N, 4 * C, H, W), channels for the top, left, bottom and right sides.
        boxes: (N, B, 4) of x1, y1, x2, y2 in feature pixels.
        output: (N, C, B, 4), written.
        argmax_idx: Number of the sample that was the maximum, int32, as ``output``; written.
        pool_size: Steps along a side.
    """
    if output.numel() == 0:
        return
    images, _, height, width = input.shape
    boxes = boxes.to(working(input).dtype)
    # (N, pool_size + 1, B, 4): all samples, sides last.
    place = torch.arange(pool_size + 1, device=boxes.device)[:, None, None]
    y, x = _positions(boxes[:, None], place, pool_size)
    image = torch.arange(images, device=boxes.device)[:, None, None, None]
    index, weight = clamped_corners(y, x, image, (images, height, width))
    # A pixel's four sides are consecutive rows of the table.
    side = torch.arange(4, device=boxes.device, dtype=index.dtype)[:, None]
    table = to_table(input).view(images * height * width * 4, -1)
    values = bag_sum(table, (index * 4 + side).view(-1, 4), weight.view(-1, 4))
    best, which = values.view(*y.shape, -1).max(dim=1)
    output.copy_(best.permute(0, 3, 1, 2))
    argmax_idx.copy_(which.permute(0, 3, 1, 2))


@kernel
def border_align_backward(
    grad_output: Tensor, boxes: Tensor, argmax_idx: Tensor, grad_input: Tensor, pool_size: int
) -> None:
    """Gives each gradient to the corners of the sample that was the maximum.

    Args:
        grad_output: (N, C, B, 4).
        boxes: As in the forward pass.
        argmax_idx: As written by the forward pass.
        grad_input: (N, 4 * C, H, W), overwritten.
        pool_size: Steps along a side.
    """
    if grad_output.numel() == 0:
        return
    images, planes, height, width = grad_input.shape
    grad = working(grad_output)
    y, x = _positions(boxes.to(grad.dtype)[:, None], argmax_idx, pool_size)
    channel = torch.arange(planes, device=grad.device).view(4, -1).t()[:, None]
    plane = torch.arange(images, device=grad.device).view(-1, 1, 1, 1) * planes + channel
    index, weight = clamped_corners(y, x, plane, (images * planes, height, width))
    flat = grad.new_zeros(grad_input.numel())
    flat.index_add_(0, index.flatten(), (weight * grad[..., None]).flatten())
    grad_input.copy_(flat.view(grad_input.shape))
