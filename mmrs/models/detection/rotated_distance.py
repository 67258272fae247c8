"""Distances of oriented boxes (cx, cy, w, h, angle): Hausdorff, Kullback-Leibler (CGEarthEye spec., section 2.3)."""

from __future__ import annotations

import torch
from torch import Tensor

#: Sides in pixels are brought into this range before they become a Gaussian.
SIDES = (1e-7, 1e7)


def corners(boxes: Tensor) -> Tensor:
    """The four corners of boxes.

    Args:
        boxes: (..., 5), angle in radians, from the x to the y axis.

    Returns:
        (..., 4, 2), in order around the box.
    """
    centre, half, angle = boxes[..., :2], boxes[..., 2:4] / 2, boxes[..., 4:]
    cosine, sine = angle.cos(), angle.sin()
    along = torch.cat([half[..., :1] * cosine, half[..., :1] * sine], -1)
    across = torch.cat([-half[..., 1:] * sine, half[..., 1:] * cosine], -1)
    return torch.stack([centre + a * along + b * across for a, b in ((1, 1), (-1, 1), (-1, -1), (1, -1))], -2)


def hausdorff(first: Tensor, second: Tensor) -> Tensor:
    """Hausdorff distance of the corner sets of all pairs.

    Args:
        first: (N, 5).
        second: (K, 5), in the same unit.

    Returns:
        (N, K): the farthest that any corner of either box is from the nearest corner of the other.
    """
    apart = corners(first)[:, None, :, None] - corners(second)[None, :, None]
    distances = apart.norm(dim=-1)
    return torch.maximum(distances.amin(-1).amax(-1), distances.amin(-2).amax(-1))


def kullback_leibler(predicted: Tensor, target: Tensor) -> Tensor:
    """Divergence of the target's Gaussian from the prediction's, in closed form.

    A box is the Gaussian with its centre as mean and its half sides as standard deviations along its axes. Everything
    is written in the frame of the predicted box: no matrix is inverted and no determinant cancels, so that long thin
    boxes keep their precision (with 2 x 2 matrices in float32 they turn into NaN).

    Args:
        predicted: (..., 5), pixels and radians; broadcast with the target.
        target: (..., 5).

    Returns:
        (...), 0 for equal boxes.
    """
    first, second = predicted[..., 2:4].clamp(*SIDES) / 2, target[..., 2:4].clamp(*SIDES) / 2
    cosine, sine = predicted[..., 4].cos(), predicted[..., 4].sin()
    x, y = (target[..., :2] - predicted[..., :2]).unbind(-1)
    offset = torch.stack([x * cosine + y * sine, y * cosine - x * sine], -1)
    turn = target[..., 4] - predicted[..., 4]
    turned = torch.stack([turn.cos(), turn.sin()], -1).square()
    # Variance of the target along the two axes of the predicted box.
    variance = turned * second[..., :1].square() + turned.flip(-1) * second[..., 1:].square()
    terms = (offset.square() + variance) / first.square() / 2 + first.log() - second.log()
    return terms.sum(-1) - 1


def to_unit_range(divergence: Tensor) -> Tensor:
    """Maps divergences from 0 up to values from 0 to 1: 1 - 1 / (1 + log(1 + D)).

    Args:
        divergence: Any shape. Rounding may have made it slightly negative.
    """
    return 1 - 1 / (1 + torch.log1p(divergence.clamp(min=0)))
