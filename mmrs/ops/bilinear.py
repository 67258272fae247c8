"""Bilinear sampling as four table rows and four weights per point."""

from __future__ import annotations

import torch
from torch import Tensor

from .bags import index_dtype


def clamped_corners(y: Tensor, x: Tensor, image: Tensor, size: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Corners under the border rule of the RoI operators.

    A point up to one pixel outside is moved onto the border; one further out (or NaN) has no value.

    Args:
        y: Row positions in pixels, any shape; centre of the first pixel is 0.
        x: Column positions, same shape.
        image: Image index of each point, integer, broadcastable to ``y``.
        size: (images, height, width) of the table.

    Returns:
        Table rows and weights, each of shape ``y.shape + (4,)``; the weights are differentiable in ``y`` and ``x``.
    """
    images, height, width = size
    inside = (y >= -1) & (y <= height) & (x >= -1) & (x <= width)
    y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    top, left = y.detach().floor(), x.detach().floor()
    low_y, low_x = y - top, x - left
    kind = index_dtype(images * height * width)
    top_row, left_col = top.to(kind), left.to(kind)
    first = (image.to(kind) * height + top_row) * width + left_col
    down = (top_row < height - 1).to(kind) * width
    right = (left_col < width - 1).to(kind)
    rows = torch.stack((first, first + right, first + down, first + down + right), dim=-1)
    high_y, high_x = 1 - low_y, 1 - low_x
    weights = torch.stack((high_y * high_x, high_y * low_x, low_y * high_x, low_y * low_x), dim=-1)
    # Rows are reset too: a NaN position has no meaningful one.
    return rows.masked_fill(~inside[..., None], 0), weights.masked_fill(~inside[..., None], 0)


def zero_padded_corners(y: Tensor, x: Tensor, start: Tensor, size: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Corners under the border rule of deformable attention: the map is zero outside.

    Args:
        y: Row positions in pixels, any shape.
        x: Column positions, same shape.
        start: Row of each point's map in the table, integer, broadcastable to ``y``.
        size: Height and width of each point's map, integer, broadcastable to ``y``.

    Returns:
        Table rows and weights, each of shape ``y.shape + (4,)``; the weights are differentiable in ``y`` and ``x``.
    """
    height, width = size
    top, left = y.detach().floor(), x.detach().floor()
    low_y, low_x = y - top, x - left
    rows, weights = [], []
    for down, weight_y in ((0, 1 - low_y), (1, low_y)):
        for right, weight_x in ((0, 1 - low_x), (1, low_x)):
            row, col = top + down, left + right
            inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
            place = start + row.to(start.dtype) * width + col.to(start.dtype)
            rows.append(place.masked_fill(~inside, 0))
            weights.append((weight_y * weight_x).masked_fill(~inside, 0))
    return torch.stack(rows, dim=-1), torch.stack(weights, dim=-1)
