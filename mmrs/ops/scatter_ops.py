"""Operators that only move values: PSA masks, masked convolution columns, nearest points."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def _psa_places(
    h_feature: int, w_feature: int, h_mask: int, w_mask: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Mask channel in which a pixel (last two axes) looks at a target (first axis), and whether it has one."""
    y, x = torch.arange(h_feature, device=device), torch.arange(w_feature, device=device)
    down = y[:, None, None, None] - y[:, None] + (h_mask - 1) // 2
    across = x[:, None, None] - x + (w_mask - 1) // 2
    seen = (down >= 0) & (down < h_mask) & (across >= 0) & (across < w_mask)
    return (down * w_mask + across).masked_fill(~seen, 0).flatten(0, 1), seen.flatten(0, 1)


def psamask_forward(
    input: Tensor,
    output: Tensor,
    psa_type: int,
    num_: int,
    h_feature: int,
    w_feature: int,
    h_mask: int,
    w_mask: int,
    half_h_mask: int,
    half_w_mask: int,
) -> None:
    """Spreads each pixel's attention window over the whole map.

    Args:
        input: (N, h_mask * w_mask, H, W).
        output: (N, H * W, H, W), written: targets first for type 0 (collect), pixels first for 1 (distribute).
        psa_type: 0 or 1.
        num_: N.
        h_feature: H.
        w_feature: W.
        h_mask: Window height.
        w_mask: Window width.
        half_h_mask: Unused, ``(h_mask - 1) // 2``.
        half_w_mask: Unused, ``(w_mask - 1) // 2``.
    """
    place, seen = _psa_places(h_feature, w_feature, h_mask, w_mask, input.device)
    spread = input.gather(1, place.expand(num_, -1, -1, -1)).masked_fill(~seen, 0)
    if psa_type == 1:
        spread = spread.flatten(2).transpose(1, 2)
    output.copy_(spread.reshape(output.shape))


def psamask_backward(
    grad_output: Tensor,
    grad_input: Tensor,
    psa_type: int,
    num_: int,
    h_feature: int,
    w_feature: int,
    h_mask: int,
    w_mask: int,
    half_h_mask: int,
    half_w_mask: int,
) -> None:
    """Transposes :func:`psamask_forward`.

    Args:
        grad_output: (N, H * W, H, W).
        grad_input: (N, h_mask * w_mask, H, W), overwritten.
        psa_type: As in the forward pass, like the other options.
        num_: N.
        h_feature: H.
        w_feature: W.
        h_mask: Window height.
        w_mask: Window width.
        half_h_mask: Unused.
        half_w_mask: Unused.
    """
    place, seen = _psa_places(h_feature, w_feature, h_mask, w_mask, grad_output.device)
    grad = grad_output.flatten(2)
    grad = (grad.transpose(1, 2) if psa_type == 1 else grad).reshape(num_, -1, h_feature, w_feature)
    grad_input.zero_().scatter_add_(1, place.expand(num_, -1, -1, -1), grad.masked_fill(~seen, 0).to(grad_input.dtype))


def masked_im2col_forward(
    im: Tensor,
    mask_h_idx: Tensor,
    mask_w_idx: Tensor,
    col: Tensor,
    kernel_h: int,
    kernel_w: int,
    pad_h: int,
    pad_w: int,
) -> None:
    """Gathers the windows of chosen output pixels, zero outside the map.

    Args:
        im: (1, C, H, W).
        mask_h_idx: Rows of the pixels, (M,), int64.
        mask_w_idx: Columns of the pixels, (M,), int64.
        col: (C * kernel_h * kernel_w, M), written.
        kernel_h: Window height.
        kernel_w: Window width.
        pad_h: Padding along height.
        pad_w: Padding along width.
    """
    padded = F.pad(im[0], (pad_w, pad_w, pad_h, pad_h))
    y = mask_h_idx + torch.arange(kernel_h, device=im.device)[:, None, None]
    x = mask_w_idx + torch.arange(kernel_w, device=im.device)[:, None]
    col.copy_(padded[:, y, x].flatten(0, 2))


def masked_col2im_forward(
    col: Tensor, mask_h_idx: Tensor, mask_w_idx: Tensor, im: Tensor, height: int, width: int, channels: int
) -> None:
    """Writes columns to chosen pixels.

    Args:
        col: (channels, M).
        mask_h_idx: Rows of the pixels, (M,), int64.
        mask_w_idx: Columns of the pixels, (M,), int64.
        im: (1, channels, height, width), written at those pixels.
        height: Height of ``im``.
        width: Width of ``im``.
        channels: Channels of ``im``.
    """
    im[0, :, mask_h_idx, mask_w_idx] = col.to(im.dtype)


def chamfer_distance_forward(
    xyz1: Tensor, xyz2: Tensor, dist1: Tensor, dist2: Tensor, idx1: Tensor, idx2: Tensor
) -> None:
    """Squared distance of every point to the nearest point of the other set.

    Args:
        xyz1: (B, N, 2).
        xyz2: (B, M, 2).
        dist1: (B, N), written.
        dist2: (B, M), written.
        idx1: Nearest points of ``xyz2``, (B, N), int32, written.
        idx2: Nearest points of ``xyz1``, (B, M), int32, written.
    """
    if xyz1.numel() == 0 or xyz2.numel() == 0:
        return
    distance = (xyz1[:, :, None] - xyz2[:, None]).square().sum(-1)
    for axis, dist, idx in ((2, dist1, idx1), (1, dist2, idx2)):
        nearest, which = distance.min(axis)
        dist.copy_(nearest)
        idx.copy_(which)


def chamfer_distance_backward(
    xyz1: Tensor,
    xyz2: Tensor,
    idx1: Tensor,
    idx2: Tensor,
    graddist1: Tensor,
    graddist2: Tensor,
    gradxyz1: Tensor,
    gradxyz2: Tensor,
) -> None:
    """Gradients of :func:`chamfer_distance_forward`, added to the buffers.

    Args:
        xyz1: As in the forward pass.
        xyz2: As in the forward pass.
        idx1: As written by the forward pass.
        idx2: As written by the forward pass.
        graddist1: (B, N).
        graddist2: (B, M).
        gradxyz1: As ``xyz1``, added to.
        gradxyz2: As ``xyz2``, added to.
    """
    if xyz1.numel() == 0 or xyz2.numel() == 0:
        return
    directions = ((xyz1, xyz2, idx1, graddist1, gradxyz1, gradxyz2), (xyz2, xyz1, idx2, graddist2, gradxyz2, gradxyz1))
    for points, others, idx, grad, out, out_others in directions:
        nearest = idx.long()[..., None].expand_as(points)
        slope = 2 * grad[..., None] * (points - others.gather(1, nearest))
        out += slope
        out_others.scatter_add_(1, nearest, -slope)
