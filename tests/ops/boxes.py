"""Exact geometry of boxes by shapely, and boxes that are hard for it."""

from __future__ import annotations

import numpy as np
import shapely
import torch
from torch import Tensor


def rectangles(boxes: Tensor) -> np.ndarray:
    """Polygons of (N, 5) boxes."""
    x, y, width, height, angle = boxes.double().numpy().T
    u = np.stack([np.cos(angle), np.sin(angle)], 1) * width[:, None] / 2
    v = np.stack([-np.sin(angle), np.cos(angle)], 1) * height[:, None] / 2
    centre = np.stack([x, y], 1)
    return shapely.polygons(np.stack([centre - u - v, centre + u - v, centre + u + v, centre - u + v], 1))


def exact_iou(first: np.ndarray, second: np.ndarray) -> Tensor:
    """IoU of every pair of polygons, (N, M), float64."""
    return exact_iou_aligned(first[:, None], second[None])


def exact_iou_aligned(first: np.ndarray, second: np.ndarray) -> Tensor:
    """IoU of polygons of broadcastable shapes, float64."""
    common = shapely.area(shapely.intersection(first, second))
    return torch.from_numpy(common / (shapely.area(first) + shapely.area(second) - common))


def scattered(count: int, seed: int = 0, side: float = 300.0) -> Tensor:
    """Random boxes, (N, 5): 5 to 65 px, any angle."""
    generator = torch.Generator().manual_seed(seed)
    low, span = torch.tensor([0, 0, 5, 5, -3.2]), torch.tensor([side, side, 60, 60, 6.4])
    return low + span * torch.rand(count, 5, generator=generator)


def greedy_keep(ious: Tensor, threshold: float, labels: Tensor | None = None) -> list[int]:
    """What greedy suppression keeps of boxes by falling score, the slow and obvious way."""
    kept: list[int] = []
    for place in range(len(ious)):
        rivals = [other for other in kept if labels is None or labels[other] == labels[place]]
        if all(float(ious[other, place]) < threshold for other in rivals):
            kept.append(place)
    return kept
