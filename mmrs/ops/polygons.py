"""Convex polygons in batches: hulls, areas and intersections, differentiable where that makes sense.

A polygon is (..., n, 2). Polygons of fewer corners than a batch has room for repeat one corner: an edge without
length neither encloses nor bounds anything.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Coinciding edges must count once: the second polygon is smaller by this share. The error is about twice that, plus
# the rounding of float64 (1e-16 times the slenderness) over it; float32 does not see the former.
_SHRINK = 3e-9


def cross(a: Tensor, b: Tensor) -> Tensor:
    """Z component of the cross product of plane vectors (..., 2): (...)."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def signed_area(polygons: Tensor) -> Tensor:
    """Area of (..., n, 2) by the shoelace formula, positive if counter-clockwise: (...)."""
    local = polygons - polygons[..., :1, :]
    return 0.5 * cross(local, local.roll(-1, -2)).sum(-1)


def convex_hull(points: Tensor) -> Tensor:
    """Convex hulls, counter-clockwise, by gift wrapping.

    Args:
        points: (B, n, 2), float64; repeated and collinear points are allowed.

    Returns:
        (B, n, 2): the hull's corners in order, then its first corner again and again. Gradients reach the points
        that are corners.
    """
    with torch.no_grad():
        order = _hull_order(points.detach())
    return points.gather(1, order.unsqueeze(-1).expand(-1, -1, 2))


def _hull_order(points: Tensor) -> Tensor:
    count = points.shape[1]
    lowest = points[..., 0].amin(1, keepdim=True)
    start = points[..., 1].masked_fill(points[..., 0] > lowest, torch.inf).argmin(1, keepdim=True)
    corners = [start]
    for _ in range(1, count):
        away = points - points.gather(1, corners[-1].unsqueeze(-1).expand(-1, -1, 2))
        # From this corner, the next one has all points on its left; the farthest of several in line.
        left = (cross(away.unsqueeze(2), away.unsqueeze(1)) >= 0).sum(2)
        distance = away.square().sum(-1)
        farthest = distance.amax(1, keepdim=True).clamp(min=torch.finfo(points.dtype).tiny)
        following = (left + distance / (2 * farthest)).masked_fill(distance == 0, -1).argmax(1, keepdim=True)
        closed = (corners[-1] == start) if len(corners) > 1 else torch.zeros_like(start, dtype=torch.bool)
        corners.append(torch.where(closed, start, following))
    return torch.cat(corners, 1)


def convex_intersection(first: Tensor, second: Tensor) -> Tensor:
    """Area of the intersection of convex, counter-clockwise polygons, by Green's theorem.

    Every edge of either polygon contributes its part inside the other one.

    Args:
        first: (..., n, 2), float64.
        second: (..., m, 2), float64, of broadcastable leading shape.

    Returns:
        (...). Gradients reach both.
    """
    centre = second.mean(-2, keepdim=True)
    first, second = first - centre, (1 - _SHRINK) * (second - centre)
    return _boundary_inside(first, second) + _boundary_inside(second, first)


def _boundary_inside(polygon: Tensor, other: Tensor) -> Tensor:
    """Share of the area integral that the parts of the edges of ``polygon`` inside ``other`` contribute."""
    following, sides = polygon.roll(-1, -2), other.roll(-1, -2) - other
    # How far each corner (row) lies inside each edge's half plane (column), times the edge's length.
    depth = cross(sides.unsqueeze(-3), polygon.unsqueeze(-2) - other.unsqueeze(-3))
    depth_next = depth.roll(-1, -2)
    enters, leaves = depth < 0, depth_next < 0
    crossing = depth / torch.where(enters != leaves, depth - depth_next, 1.0)
    begin = torch.where(enters, torch.where(leaves, 1.0, crossing), 0.0).amax(-1)
    end = torch.where(leaves, torch.where(enters, 0.0, crossing), 1.0).amin(-1)
    return 0.5 * ((end - begin).clamp(min=0) * cross(polygon, following)).sum(-1)
