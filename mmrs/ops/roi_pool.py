"""RoI max pooling over whole pixels. torchvision rounds boxes to pixels first, mmcv does not, so it cannot be used."""

from __future__ import annotations

import torch
from torch import Tensor

from .bags import kernel, to_table, working
from .extrema import segment_max

#: Pixels gathered at a time. Bounds memory to this many rows of channels.
CHUNK_PIXELS = 1 << 16


@kernel
def roi_pool_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Takes the maximum of the pixels that each bin touches.

    Args:
        input: (N, C, H, W).
        rois: (R, 5) of image index, x1, y1, x2, y2, the last two inclusive.
        output: (R, C, pooled_height, pooled_width), written; 0 in bins outside the map.
        argmax: Pixel (row * W + column) of each maximum, int32, as ``output``; -1 in bins outside the map.
        pooled_height: Bins along height.
        pooled_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
    """
    if output.numel() == 0:
        return
    data = working(input)
    rois = rois.to(data.dtype)
    height, width = data.shape[2:]
    top, bottom = _edges(rois[:, 2], rois[:, 4], spatial_scale, pooled_height, height)
    left, right = _edges(rois[:, 1], rois[:, 3], spatial_scale, pooled_width, width)
    valid = ((rois[:, 3] + 1 > rois[:, 1]) & (rois[:, 4] + 1 > rois[:, 2]))[:, None, None]
    rows = (bottom - top)[:, :, None] * valid
    windows = torch.stack(
        torch.broadcast_tensors(
            rois[:, 0].long()[:, None, None] * height + top[:, :, None], left[:, None], rows, (right - left)[:, None]
        ),
        dim=-1,
    )
    table = to_table(data)
    flat = windows.flatten(0, 2)
    part = (flat[:, 2] * flat[:, 3]).cumsum(0) // CHUNK_PIXELS
    cuts = (part.diff().nonzero().flatten() + 1).tolist()
    pieces = [_window_max(table, piece, width) for piece in torch.tensor_split(flat, cuts)]
    best, pixel = (
        torch.cat(parts).view(*windows.shape[:3], -1).permute(0, 3, 1, 2) for parts in zip(*pieces, strict=True)
    )
    output.copy_(best)
    argmax.copy_(torch.where(pixel < 0, -1, pixel - rois[:, 0].long()[:, None, None, None] * (height * width)))


def _edges(low: Tensor, high: Tensor, scale: float, bins: int, limit: int) -> tuple[Tensor, Tensor]:
    """First and end pixel of each bin, (R, bins) each, int64, inside the map."""
    start = low * scale
    step = ((high + 1) * scale - start) / bins
    place = torch.arange(bins, device=low.device, dtype=low.dtype)
    first = (place * step[:, None] + start[:, None]).floor().nan_to_num()
    end = ((place + 1) * step[:, None] + start[:, None]).ceil().nan_to_num()
    first, end = first.clamp(0, limit).long(), end.clamp(0, limit).long()
    return first, torch.maximum(first, end)


def _window_max(table: Tensor, windows: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Maxima (B, C) and their table rows (-1 for none) in windows (B, 4) of first row, column, height, width."""
    first, left, rows, cols = windows.unbind(1)
    count = rows * cols
    run = torch.repeat_interleave(count)
    inner = torch.arange(run.numel(), device=run.device) - (count.cumsum(0) - count)[run]
    down = torch.div(inner, cols[run], rounding_mode='floor')
    pixel = (first[run] + down) * width + left[run] + inner - down * cols[run]
    best, place = segment_max(table[pixel], count)
    return best, torch.cat((pixel, pixel.new_full((1,), -1)))[place]


@kernel
def roi_pool_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax: Tensor,
    grad_input: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Gives each gradient to the pixel that was the maximum.

    Args:
        grad_output: (R, C, pooled_height, pooled_width).
        rois: As in the forward pass.
        argmax: As written by the forward pass.
        grad_input: (N, C, H, W), overwritten.
        pooled_height: Bins along height; unused, ``argmax`` says it all.
        pooled_width: Bins along width; unused.
        spatial_scale: Feature pixels per box unit; unused.
    """
    if grad_output.numel() == 0:
        return
    _, channels, height, width = grad_input.shape
    plane = rois[:, 0].long()[:, None] * channels + torch.arange(channels, device=rois.device)
    index = plane[:, :, None] * (height * width) + argmax.flatten(2).clamp(min=0)
    grad = working(grad_output).flatten(2) * (argmax.flatten(2) >= 0)
    flat = grad.new_zeros(grad_input.numel())
    flat.index_add_(0, index.flatten(), grad.flatten())
    grad_input.copy_(flat.view(grad_input.shape))
