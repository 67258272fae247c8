"""Precise RoI pooling: the exact integral of the bilinear surface, which splits into one factor per axis."""

from __future__ import annotations

import torch
from torch import Tensor

from .bags import kernel

#: Values of the half-pooled maps held at a time.
CHUNK_VALUES = 1 << 24


def _hat_integral(edge: Tensor, size: int) -> Tensor:
    """Integral up to ``edge`` of the triangle around each of ``size`` pixels, (..., size)."""
    t = (edge[..., None] - torch.arange(size, device=edge.device)).clamp(-1, 1)
    return 0.5 + t - 0.5 * t * t.abs()


def _axis(low: Tensor, high: Tensor, bins: int, size: int) -> Tensor:
    """Mean weight of each pixel in each bin along one axis, (R, bins, size); 0 for empty regions."""
    extent = (high - low).clamp(min=0)[:, None]
    edges = low[:, None] + extent * (torch.arange(bins + 1, device=low.device) / bins)
    integral = _hat_integral(edges, size).diff(dim=1)
    width = (extent / bins)[..., None]
    return torch.where(width > 0, integral / width.clamp(min=torch.finfo(low.dtype).tiny), 0)


def _pool(features: Tensor, rois: Tensor, pooled: tuple[int, int], spatial_scale: float) -> Tensor:
    """Pooled values of regions on one image (C, H, W), differentiable in features and rois: (R, C, h, w)."""
    x1, y1, x2, y2 = (rois[:, 1:] * spatial_scale).unbind(1)
    down = _axis(y1, y2, pooled[0], features.size(1))
    across = _axis(x1, x2, pooled[1], features.size(2))
    return torch.einsum('chw,rph,rqw->rcpq', features, down, across)


def _groups(features: Tensor, rois: Tensor, bins: int) -> list[tuple[int, Tensor]]:
    """Regions of each image, in pieces that bound memory: (image, indices of regions)."""
    step = max(1, CHUNK_VALUES // max(1, features[0].numel() // features.size(2) * bins))
    image = rois[:, 0].long()
    return [
        (i, piece)
        for i in range(features.size(0))
        for piece in (image == i).nonzero().flatten().split(step)
        if piece.numel()
    ]


@kernel
def prroi_pool_forward(
    input: Tensor, rois: Tensor, output: Tensor, pooled_height: int, pooled_width: int, spatial_scale: float
) -> None:
    """Averages the bilinear surface, zero outside the map, exactly over each bin.

    Args:
        input: (N, C, H, W), float32.
        rois: (R, 5) of image index, x1, y1, x2, y2.
        output: (R, C, pooled_height, pooled_width), written; 0 for empty regions.
        pooled_height: Bins along height.
        pooled_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
    """
    for image, part in _groups(input, rois, pooled_height):
        output[part] = _pool(input[image], rois[part], (pooled_height, pooled_width), spatial_scale)


@kernel
def prroi_pool_backward(
    grad_output: Tensor, rois: Tensor, grad_input: Tensor, pooled_height: int, pooled_width: int, spatial_scale: float
) -> None:
    """Gradient of :func:`prroi_pool_forward` by the map.

    Args:
        grad_output: As the output.
        rois: As in the forward pass, like the options.
        grad_input: (N, C, H, W), overwritten.
        pooled_height: Bins along height.
        pooled_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
    """
    grad_input.zero_()
    for image, part in _groups(grad_input, rois, pooled_height):
        x1, y1, x2, y2 = (rois[part, 1:] * spatial_scale).unbind(1)
        down = _axis(y1, y2, pooled_height, grad_input.size(2))
        across = _axis(x1, x2, pooled_width, grad_input.size(3))
        grad_input[image] += torch.einsum('rcpq,rph,rqw->chw', grad_output[part], down, across)


@kernel
def prroi_pool_coor_backward(
    output: Tensor,
    grad_output: Tensor,
    input: Tensor,
    rois: Tensor,
    grad_rois: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Gradient of :func:`prroi_pool_forward` by the regions; the forward pass is repeated.

    Args:
        output: As the forward pass wrote it; unused.
        grad_output: As the output.
        input: As in the forward pass, like the options.
        rois: Regions.
        grad_rois: (R, 5), overwritten; the image index gets 0.
        pooled_height: Bins along height.
        pooled_width: Bins along width.
        spatial_scale: Feature pixels per box unit.
    """
    grad_rois.zero_()
    for image, part in _groups(input, rois, pooled_height):
        regions = rois[part].detach().requires_grad_()
        with torch.enable_grad():
            pooled = _pool(input[image], regions, (pooled_height, pooled_width), spatial_scale)
        grad_rois[part] = torch.autograd.grad(pooled, regions, grad_output[part])[0]
