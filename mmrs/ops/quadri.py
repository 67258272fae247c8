"""Quadrilaterals (x1, y1 ... x4, y4), in any order of rotation, convex or not."""

from __future__ import annotations

import torch
from torch import Tensor

from mmrs.ops.pairs import iou_aligned, iou_matrix, ratio
from mmrs.ops.polygons import convex_intersection, cross, signed_area

_CHUNK = 1 << 20


class Quadrilaterals:
    """Quadrilaterals in float64, each the signed sum of two triangles, so that a reflex corner does no harm.

    Corners that were given in crossing order (a bow tie) are put in order first.

    Args:
        corners: (N, >=8), px. A quadrilateral that is not finite is treated as one without area.
    """

    def __init__(self, corners: Tensor) -> None:
        values = corners[:, :8].double()
        values = torch.where(values.isfinite().all(1, keepdim=True), values, 0.0)
        self._measure(_untangle(values.view(-1, 4, 2)))

    def _measure(self, corners: Tensor) -> None:
        self.corners = corners
        centre = corners.mean(1)
        self.x, self.y = centre.unbind(1)
        triangles = corners[:, [[0, 1, 2], [0, 2, 3]]]
        signed = signed_area(triangles)
        flipped = torch.where((signed < 0)[..., None, None], triangles.flip(-2), triangles)
        self.triangles, self.signs = flipped, signed.sign()
        self.area = signed.sum(1).abs()
        self.signs = self.signs * signed.sum(1, keepdim=True).sign()
        reach = (corners - centre.unsqueeze(1)).norm(dim=-1).amax(1)
        self.radius = torch.where(self.area > 0, reach, 0.0)

    def take(self, index: Tensor) -> Quadrilaterals:
        """The quadrilaterals at ``index``, (K,)."""
        taken = object.__new__(Quadrilaterals)
        taken._measure(self.corners[index])
        return taken

    def pair_iou(self, rows: Tensor, other: Quadrilaterals, columns: Tensor, foreground: bool = False) -> Tensor:
        """IoU (or intersection over own area) of ``rows`` with ``columns`` of ``other``, (K,)."""
        areas = convex_intersection(self.triangles[rows].unsqueeze(2), other.triangles[columns].unsqueeze(1))
        signs = self.signs[rows].unsqueeze(2) * other.signs[columns].unsqueeze(1)
        return ratio((areas * signs).sum((1, 2)), self.area[rows], other.area[columns], foreground)


def _untangle(corners: Tensor) -> Tensor:
    """Swaps two corners of (N, 4, 2) where two opposite edges cross."""
    a, b, c, d = corners.unbind(1)

    def crossing(p: Tensor, q: Tensor, r: Tensor, s: Tensor) -> Tensor:
        apart = cross(q - p, r - p) * cross(q - p, s - p) < 0
        return (apart & (cross(s - r, p - r) * cross(s - r, q - r) < 0))[:, None, None]

    corners = torch.where(crossing(a, b, c, d), torch.stack([a, c, b, d], 1), corners)
    return torch.where(crossing(b, c, d, a), torch.stack([a, b, d, c], 1), corners)


@torch.no_grad()
def box_iou_quadri(boxes1: Tensor, boxes2: Tensor, ious: Tensor, mode_flag: int, aligned: bool) -> None:
    """IoU of quadrilaterals, exact to about 1e-9.

    Args:
        boxes1: (N, 8), px.
        boxes2: (M, 8), px.
        ious: Output, N * M elements, or (N,) if ``aligned``.
        mode_flag: 0 for intersection over union, 1 for intersection over the area of the first one.
        aligned: Compare figure k with figure k only (N = M).
    """
    compute = iou_aligned if aligned else iou_matrix
    compute(Quadrilaterals(boxes1), Quadrilaterals(boxes2), ious, mode_flag == 1)


@torch.no_grad()
def points_in_polygons(points: Tensor, polygons: Tensor, output: Tensor) -> None:
    """Whether points lie in quadrilaterals, by counting crossings of the ray to the right.

    Points on the boundary may count either way.

    Args:
        points: (B, 2), px.
        polygons: (M, 8), px.
        output: Output, (B, M): 1 inside, 0 outside.
    """
    corners = polygons.double().view(-1, 4, 2)
    following = corners.roll(-1, 1)
    rows = max(1, _CHUNK // max(len(polygons), 1))
    for part, result in zip(points.double().split(rows), output.split(rows), strict=True):
        x, y = part[:, :1], part[:, 1:]
        inside = torch.zeros(result.shape, dtype=torch.bool, device=result.device)
        for edge in range(4):
            (x1, y1), (x2, y2) = corners[:, edge].unbind(1), following[:, edge].unbind(1)
            spans = (y1 <= y) != (y2 <= y)
            # Left of the edge or right of it, by the sign of a cross product: no division by a height of 0.
            side = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
            inside ^= spans & ((side > 0) == (y2 > y1))
        result.copy_(inside)
