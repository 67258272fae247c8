"""Sets of nine points (x1, y1 ... x9, y9), as RepPoints detectors predict them: hulls against quadrilaterals."""

from __future__ import annotations

import torch
from torch import Tensor

from mmrs.ops.pairs import iou_matrix, ratio
from mmrs.ops.polygons import convex_hull, convex_intersection, signed_area

_CHUNK = 1 << 14


class ConvexHulls:
    """Convex hulls of point sets, in float64.

    Args:
        coordinates: (N, 2n), px. A set that is not finite is treated as one without area.
    """

    def __init__(self, coordinates: Tensor) -> None:
        values = coordinates.double()
        values = torch.where(values.isfinite().all(1, keepdim=True), values, 0.0)
        self._measure(convex_hull(values.view(len(values), -1, 2)))

    def _measure(self, corners: Tensor) -> None:
        self.corners, self.area = corners, signed_area(corners)
        low, high = corners.amin(1), corners.amax(1)
        self.x, self.y = ((low + high) / 2).unbind(1)
        self.radius = torch.where(self.area > 0, (high - low).norm(dim=1) / 2, 0.0)

    def take(self, index: Tensor) -> ConvexHulls:
        """The hulls at ``index``, (K,)."""
        taken = object.__new__(ConvexHulls)
        taken._measure(self.corners[index])
        return taken

    def pair_iou(self, rows: Tensor, other: ConvexHulls, columns: Tensor, foreground: bool = False) -> Tensor:
        """IoU (or intersection over own area) of hulls ``rows`` with hulls ``columns`` of ``other``, (K,)."""
        areas = convex_intersection(self.corners[rows], other.corners[columns])
        return ratio(areas, self.area[rows], other.area[columns], foreground)


@torch.no_grad()
def convex_iou(pointsets: Tensor, polygons: Tensor, ious: Tensor) -> None:
    """IoU of the convex hulls of point sets with those of quadrilaterals.

    Args:
        pointsets: (N, 18), px.
        polygons: (K, 8), px.
        ious: Output, (N, K).
    """
    iou_matrix(ConvexHulls(pointsets), ConvexHulls(polygons), ious)


def convex_giou(pointsets: Tensor, polygons: Tensor, output: Tensor) -> None:
    """Generalised IoU of aligned point sets and quadrilaterals, and its gradient.

    Args:
        pointsets: (N, 18), px.
        polygons: (N, 8), px.
        output: Output, (N, 19): derivative of the generalised IoU by each coordinate of the point set (0 for points
            inside the hull), then the generalised IoU. All 0 where either area is 0.
    """
    for points, quads, result in zip(
        pointsets.split(_CHUNK), polygons.split(_CHUNK), output.split(_CHUNK), strict=True
    ):
        with torch.enable_grad():
            variable = points.detach().double().requires_grad_()
            value = _giou(variable.view(-1, 9, 2), quads.detach().double().view(-1, 4, 2))
            (gradient,) = torch.autograd.grad(value.sum(), variable)
        joined = torch.cat([gradient, value.detach().unsqueeze(1)], 1)
        result.copy_(joined.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0))


def _giou(points: Tensor, quads: Tensor) -> Tensor:
    hull, target = convex_hull(points), convex_hull(quads)
    own, other = signed_area(hull), signed_area(target)
    intersection = convex_intersection(hull, target).clamp(min=0)
    union = own + other - intersection
    around = signed_area(convex_hull(torch.cat([points, quads], 1)))
    return intersection / union - (around - union) / around


@torch.no_grad()
def min_area_polygons(pointsets: Tensor, polygons: Tensor) -> None:
    """Rectangles of least area around point sets.

    One side of such a rectangle lies on an edge of the hull, so all edges are tried at once.

    Args:
        pointsets: (N, 18), px.
        polygons: Output, (N, 8): with the rectangle's axes turned by an angle of [0, pi/2), the corners
            (max, min), (min, min), (min, max), (max, max).
    """
    for points, result in zip(pointsets.split(_CHUNK), polygons.split(_CHUNK), strict=True):
        hull = convex_hull(points.double().view(-1, 9, 2))
        edges = hull.roll(-1, 1) - hull
        angle = torch.atan2(edges[..., 1], edges[..., 0]).remainder(torch.pi / 2)
        axes = torch.stack([angle.cos(), angle.sin(), -angle.sin(), angle.cos()], -1).unflatten(-1, (2, 2))
        # (N, edge, axis, corner) -> extent along both axes.
        along = axes @ hull.unsqueeze(1).transpose(-1, -2)
        low, high = along.amin(-1), along.amax(-1)
        area = (high - low).prod(-1).masked_fill(edges.abs().sum(-1) == 0, torch.inf)
        best = area.argmin(1)
        row = torch.arange(len(best), device=best.device)
        (x0, y0), (x1, y1) = low[row, best].unbind(1), high[row, best].unbind(1)
        local = torch.stack([x1, y0, x0, y0, x0, y1, x1, y1], 1).view(-1, 4, 2)
        result.copy_((local @ axes[row, best]).flatten(1))
