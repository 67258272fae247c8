"""Axis-aligned boxes (x1, y1, x2, y2): overlaps and the non-maximum suppressions of ``mmcv._ext``.

Coordinates are in pixels. ``offset`` is 1 where x2 and y2 name the last pixel inside the box, else 0.
"""

from __future__ import annotations

import numpy as np
import torch
import torchvision.ops
from torch import Tensor


@torch.no_grad()
def bbox_overlaps(bboxes1: Tensor, bboxes2: Tensor, ious: Tensor, mode: int, aligned: bool, offset: int) -> None:
    """IoU of axis-aligned boxes; 0 (not NaN) where the denominator is 0.

    Args:
        bboxes1: (N, 4).
        bboxes2: (M, 4).
        ious: Output, (N, M), or (N,) if ``aligned``.
        mode: 0 for intersection over union, 1 for intersection over the area of the first box.
        aligned: Compare box k with box k only.
        offset: 0 or 1, see the module.
    """
    first, second = (bboxes1, bboxes2) if aligned else (bboxes1[:, None], bboxes2[None])
    extent = torch.minimum(first[..., 2:], second[..., 2:]) - torch.maximum(first[..., :2], second[..., :2]) + offset
    intersection = extent.clamp_(min=0).prod(-1)
    base = (first[..., 2:] - first[..., :2] + offset).prod(-1).expand_as(intersection)
    if mode == 0:
        base = base + (second[..., 2:] - second[..., :2] + offset).prod(-1) - intersection
    ious.copy_(torch.where(base > 0, intersection / base, 0.0))


@torch.no_grad()
def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Greedy suppression of boxes whose IoU with a better one is above the threshold.

    Args:
        boxes: (N, 4).
        scores: (N,).
        iou_threshold: IoU above which the box of lower score goes.
        offset: 0 or 1, see the module.

    Returns:
        Indices that are kept, (K,), best score first.
    """
    if boxes.dtype not in (torch.float32, torch.float64):
        boxes = boxes.float()
    if offset:
        boxes = boxes + boxes.new_tensor([0, 0, offset, offset])
    return torchvision.ops.nms(boxes, scores.to(boxes.dtype), iou_threshold)


@torch.no_grad()
def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Soft suppression: scores of overlapping boxes decay, boxes that fall below ``min_score`` go. CPU.

    Args:
        boxes: (N, 4).
        scores: (N,).
        dets: Output, (N, 5): the first K rows become the kept boxes with their decayed scores, in order of selection.
        iou_threshold: IoU from which ``naive`` and ``linear`` act.
        sigma: Width of the ``gaussian`` decay.
        min_score: Decayed score below which a box goes.
        method: 0 naive (to zero), 1 linear (by 1 - IoU), 2 gaussian (by exp(-IoU^2 / sigma)).
        offset: 0 or 1, see the module.

    Returns:
        Indices that are kept, (K,).
    """
    box, score = boxes.detach().numpy(), scores.detach().numpy().copy()
    real = score.dtype.type
    left = np.arange(len(box))
    kept: list[int] = []
    output = dets.numpy()
    while len(left):
        # Each box that is taken changes the scores of the others: this loop is the algorithm.
        place = int(score[left].argmax())
        best, left = left[place], np.delete(left, place)
        output[len(kept), :4], output[len(kept), 4] = box[best], score[best]
        kept.append(best)
        iou = _iou_with(box[best], box[left], offset)
        if method == 2:
            score[left] *= np.exp(-(iou * iou) / real(sigma))
        else:
            decayed = np.zeros_like(iou) if method == 0 else 1 - iou
            score[left] *= np.where(iou >= real(iou_threshold), decayed, real(1))
        left = left[~(score[left] < real(min_score))]
    return torch.as_tensor(np.asarray(kept, dtype=np.int64))


@torch.no_grad()
def nms_match(dets: Tensor, iou_threshold: float) -> list[list[int]]:
    """Greedy suppression that remembers who suppressed whom. CPU.

    Args:
        dets: (N, 5), boxes and scores.
        iou_threshold: IoU from which the box of lower score joins the group of the better one.

    Returns:
        One list per kept box, best score first: its index, then those of the boxes that it suppressed.
    """
    values = dets.detach().numpy()
    left = dets[:, 4].sort(descending=True, stable=True).indices.numpy()
    groups = []
    while len(left):
        best, left = left[0], left[1:]
        joins = _iou_with(values[best, :4], values[left, :4], 0) >= values.dtype.type(iou_threshold)
        groups.append([int(best), *left[joins].tolist()])
        left = left[~joins]
    return groups


def _iou_with(one: np.ndarray, others: np.ndarray, offset: int) -> np.ndarray:
    """IoU of one box (4,) with others (N, 4), in their precision; 0 where the union is empty."""
    extent = np.minimum(one[2:], others[:, 2:]) - np.maximum(one[:2], others[:, :2]) + offset
    intersection = extent.clip(min=0).prod(1)
    area = (others[:, 2:] - others[:, :2] + offset).prod(1)
    union = (one[2:] - one[:2] + offset).prod() + area - intersection
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=union != 0)
