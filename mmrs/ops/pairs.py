"""Finds the few pairs of shapes that can overlap at all, so that exact geometry is computed for those only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

import torch
from torch import Tensor

# Elements of one intermediate tensor: what stays in a core's cache, and what fills a GPU.
_FILTER_CPU, _FILTER_GPU = 1 << 17, 1 << 25
_PAIRS_CPU, _PAIRS_GPU = 1 << 15, 1 << 20
# Figures of less area (px^2) overlap nothing: the same limit as in the compiled operators.
_NO_AREA = 1e-14

S = TypeVar('S', bound='Shapes')


class Shapes(Protocol):
    """A set of N plane figures whose overlap can be computed pair by pair.

    Attributes:
        x: Centre of the bounding circle, (N,), float64.
        y: Likewise.
        radius: Radius of the bounding circle, (N,); 0 for a figure without area or with coordinates that are not
            finite, which overlaps nothing.
    """

    x: Tensor
    y: Tensor
    radius: Tensor

    def take(self: S, index: Tensor) -> S:
        """The figures at ``index``."""

    def pair_iou(self: S, rows: Tensor, other: S, columns: Tensor, foreground: bool = False) -> Tensor:
        """IoU of figures ``rows`` with figures ``columns`` of ``other``, (K,); over own area if ``foreground``."""


def candidates(first: Shapes, second: Shapes, labels: tuple[Tensor, Tensor] | None = None) -> Iterator[Tensor]:
    """Yields pairs whose bounding circles overlap, in chunks.

    Args:
        first: N figures.
        second: M figures.
        labels: Integer labels of both sets; only pairs of equal labels are wanted.

    Yields:
        Flat indices ``row * M + column``, (K,), ascending over all chunks.
    """
    count, total = first.x.numel(), second.x.numel()
    gpu = first.x.is_cuda
    rows = max(1, (_FILTER_GPU if gpu else _FILTER_CPU) // max(total, 1))
    size = _PAIRS_GPU if gpu else _PAIRS_CPU
    waiting: list[Tensor] = []
    for start in range(0, count if total else 0, rows):
        part = slice(start, start + rows)
        waiting.append(_near(first, second, part, labels).view(-1).nonzero().view(-1) + start * total)
        if sum(map(len, waiting)) >= size:
            yield from torch.cat(waiting).split(size)
            waiting = []
    if waiting:
        yield from torch.cat(waiting).split(size)


def _near(first: Shapes, second: Shapes, part: slice, labels: tuple[Tensor, Tensor] | None) -> Tensor:
    squared = (first.x[part, None] - second.x).square_()
    squared += (first.y[part, None] - second.y).square_()
    near = squared < (first.radius[part, None] + second.radius).square_()
    near &= (first.radius[part, None] > 0) & (second.radius > 0)
    if labels is not None:
        near &= labels[0][part, None] == labels[1]
    return near


def iou_matrix(first: S, second: S, out: Tensor, foreground: bool = False) -> None:
    """Writes the IoU of every pair into ``out``, which holds N * M elements."""
    flat = torch.zeros(out.numel(), dtype=out.dtype, device=out.device)
    total = second.x.numel()
    for pairs in candidates(first, second):
        rows = pairs.div(total, rounding_mode='floor')
        flat[pairs] = first.pair_iou(rows, second, pairs - rows * total, foreground).to(out.dtype)
    out.copy_(flat.view(out.shape))


def iou_aligned(first: Shapes, second: Shapes, out: Tensor, foreground: bool = False) -> None:
    """Writes the IoU of figure k of both sets into ``out[k]``."""
    size = _PAIRS_GPU if first.x.is_cuda else _PAIRS_CPU
    for index in torch.arange(first.x.numel(), device=first.x.device).split(size):
        out[index] = first.pair_iou(index, second, index, foreground).to(out.dtype)


def ratio(intersection: Tensor, own: Tensor, other: Tensor, foreground: bool) -> Tensor:
    """Intersection over union, or over the own area: 0 where either figure has no area or is not finite.

    Args:
        intersection: Area of the intersection, (K,); rounding below 0 and above the smaller area is cut off.
        own: Areas of the first figures, (K,).
        other: Areas of the second figures, (K,).
        foreground: Divide by ``own`` and not by the union.
    """
    smaller = torch.minimum(own, other)
    inside = torch.minimum(intersection.clamp(min=0), smaller)
    value = inside / (own if foreground else own + other - inside)
    return torch.where(smaller >= _NO_AREA, value, 0.0).nan_to_num(nan=0.0)
