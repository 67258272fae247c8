"""Pixels, objects and whole images of two views that see the same ground (SkySense, first stage).

Published: contrast at these three granularities. How pixels are matched and objects are found is our own.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mmrs.models.pretrain.distillation_losses import sinkhorn


def match_views(feature: Tensor, boxes: Tensor, onto: Tensor) -> tuple[Tensor, Tensor]:
    """Samples a view's map at the places of another view's map.

    Args:
        feature: (B, C, H, W) of a view.
        boxes: (B, 5) of that view: top, left, height and width as shares of the place, and 1 where it is mirrored left
            to right.
        onto: (B, 5) of the other view.

    Returns:
        (B, C, H, W) on the other view's grid, bilinear, and (B, H, W) bool, whether the view sees that place.
    """
    height, width = feature.shape[2:]
    down = (torch.arange(height, device=feature.device) + 0.5) / height
    right = (torch.arange(width, device=feature.device) + 0.5) / width
    down, right = down.expand(len(feature), -1), right.expand(len(feature), -1)
    right = torch.where(onto[:, 4:] > 0, 1 - right, right)
    top, left = boxes[:, :1], boxes[:, 1:2]
    rows = (onto[:, :1] + down * onto[:, 2:3] - top) / boxes[:, 2:3]
    columns = (onto[:, 1:2] + right * onto[:, 3:4] - left) / boxes[:, 3:4]
    columns = torch.where(boxes[:, 4:] > 0, 1 - columns, columns)
    inside = ((rows >= 0) & (rows <= 1))[:, :, None] & ((columns >= 0) & (columns <= 1))[:, None, :]
    grid = torch.stack([columns[:, None, :].expand(-1, height, -1), rows[:, :, None].expand(-1, -1, width)], dim=-1)
    grid = (2 * grid - 1).to(feature.dtype)
    return functional.grid_sample(feature, grid, padding_mode='border', align_corners=False), inside


def objects_of(
    teacher: Tensor, student: Tensor, inside: Tensor, number: int, temperature: float = 0.05
) -> tuple[Tensor, Tensor]:
    """Means over the places of an object, found by the teacher as places that look alike.

    Centres are places spread evenly over what both views see; Sinkhorn-Knopp gives every centre as many places.

    Args:
        teacher: (B, C, H, W) on the student's grid.
        student: (B, C, H, W).
        inside: (B, H, W) bool, what both see.
        number: Objects of an image.
        temperature: Of the assignment.

    Returns:
        (objects, C) of teacher and student; images that share less than ``number`` places have none.
    """
    found: list[tuple[Tensor, Tensor]] = []
    for taught, learned, seen in zip(teacher, student, inside, strict=True):
        taught, learned = taught[:, seen].T, learned[:, seen].T
        if len(taught) < number:
            continue
        picks = torch.linspace(0, len(taught) - 1, number, device=taught.device).round().long()
        unit = functional.normalize(taught.float(), dim=1)
        shares = sinkhorn(unit @ unit[picks].T, temperature, shared=False)
        shares = (shares / shares.sum(dim=0).clamp_min(1e-6)).to(taught.dtype)
        found.append((shares.T @ taught, shares.T @ learned))
    if not found:
        return teacher.new_zeros(0, teacher.shape[1]), student.new_zeros(0, student.shape[1])
    return torch.cat([pair[0] for pair in found]), torch.cat([pair[1] for pair in found])


def alignment(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Symmetric contrast of two modalities of the same places: each finds its own place among those of the batch.

    Args:
        first: (B, C) of one modality.
        second: (B, C) of the other.
        temperature: Of the cosines.
    """
    one, two = (functional.normalize(part.float(), dim=1) for part in (first, second))
    logits, truth = one @ two.T / temperature, torch.arange(len(one), device=one.device)
    return (functional.cross_entropy(logits, truth) + functional.cross_entropy(logits.T, truth)) / 2
