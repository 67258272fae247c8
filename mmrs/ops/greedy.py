"""Greedy non-maximum suppression of rotated boxes and quadrilaterals, in blocks of falling score."""

from __future__ import annotations

import torch
from torch import Tensor

from mmrs.ops.pairs import Shapes, candidates
from mmrs.ops.quadri import Quadrilaterals
from mmrs.ops.rotated import RotatedBoxes

_BLOCK = 512


@torch.no_grad()
def nms_rotated(
    dets: Tensor,
    scores: Tensor,
    order: Tensor,
    dets_sorted: Tensor,
    labels: Tensor,
    iou_threshold: float,
    multi_label: bool,
) -> Tensor:
    """Suppresses rotated boxes whose IoU with a better one of the same label reaches the threshold.

    Stand-in for the operator of that name in ``mmcv._ext``, which on the CPU ignores labels.

    Args:
        dets: (N, 5) cx, cy, w, h (px), angle (rad); (N, 6) with the label where ``multi_label``.
        scores: (N,).
        order: Indices by falling score, (N,).
        dets_sorted: ``dets[order]``.
        labels: (N,), empty unless ``multi_label``.
        iou_threshold: IoU from which the box of lower score goes. Boxes apart are kept even at 0.
        multi_label: Boxes of different labels never suppress each other.

    Returns:
        Indices that are kept, (K,), best score first.
    """
    kept = greedy(RotatedBoxes(dets_sorted), iou_threshold, labels[order] if multi_label else None)
    return order[kept]


@torch.no_grad()
def nms_quadri(
    dets: Tensor, scores: Tensor, order: Tensor, dets_sorted: Tensor, iou_threshold: float, multi_label: bool
) -> Tensor:
    """Suppresses quadrilaterals whose IoU with a better one of the same label reaches the threshold.

    Args:
        dets: (N, 8) x1, y1 ... x4, y4 (px); (N, 9) with the label where ``multi_label``.
        scores: (N,).
        order: Indices by falling score, (N,).
        dets_sorted: ``dets[order]``.
        iou_threshold: IoU from which the quadrilateral of lower score goes.
        multi_label: Quadrilaterals of different labels never suppress each other.

    Returns:
        Indices that are kept, (K,), best score first.
    """
    kept = greedy(Quadrilaterals(dets_sorted), iou_threshold, dets_sorted[:, 8] if multi_label else None)
    return order[kept]


def greedy(shapes: Shapes, threshold: float, labels: Tensor | None = None) -> Tensor:
    """Exact greedy suppression.

    A block of the best remaining figures is resolved within itself; its survivors then prune all that follow, so
    that most figures of lower score are never compared with one another.

    Args:
        shapes: N figures by falling score.
        threshold: IoU from which the later figure goes; compared in float32, as the compiled operators do.
        labels: (N,); figures of different labels never suppress each other.

    Returns:
        Places that are kept, (K,), ascending.
    """
    left = torch.arange(shapes.x.numel(), device=shapes.x.device)
    kept = [left[:0]]
    while left.numel():
        block, left = left[:_BLOCK], left[_BLOCK:]
        block = block[resolve(*_suppressions(shapes, block, block, threshold, labels), block.numel())]
        kept.append(block)
        if left.numel():
            _, suppressed = _suppressions(shapes, block, left, threshold, labels)
            survives = torch.ones_like(left, dtype=torch.bool)
            survives[suppressed] = False
            left = left[survives]
    return torch.cat(kept)


def _suppressions(
    shapes: Shapes, sources: Tensor, targets: Tensor, threshold: float, labels: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Places in ``sources`` and ``targets`` of the pairs in which the earlier figure can suppress the later one."""
    first, second = shapes.take(sources), shapes.take(targets)
    both = None if labels is None else (labels[sources], labels[targets])
    limit = torch.tensor(threshold, dtype=torch.float32, device=sources.device)
    found = [(sources[:0], sources[:0])]
    for pairs in candidates(first, second, both):
        rows = pairs.div(targets.numel(), rounding_mode='floor')
        columns = pairs - rows * targets.numel()
        later = sources[rows] < targets[columns]
        rows, columns = rows[later], columns[later]
        suppresses = first.pair_iou(rows, second, columns).float() >= limit
        found.append((rows[suppresses], columns[suppresses]))
    return torch.cat([rows for rows, _ in found]), torch.cat([columns for _, columns in found])


def resolve(sources: Tensor, targets: Tensor, count: int) -> Tensor:
    """Which figures a greedy pass keeps.

    A figure is kept if no kept earlier one suppresses it. Every round fixes at least one more level of that
    recursion, and only its solution stays the same from one round to the next.

    Args:
        sources: Earlier figure of each pair that overlaps too much, (K,).
        targets: Later figure of the pair, (K,).
        count: Number of figures.

    Returns:
        (count,), bool.
    """
    keep = torch.ones(count, dtype=torch.bool, device=sources.device)
    while True:
        updated = torch.ones_like(keep)
        updated[targets[keep[sources]]] = False
        if torch.equal(updated, keep):
            return keep
        keep = updated
