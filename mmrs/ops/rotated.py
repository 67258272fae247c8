"""Rotated boxes (cx, cy, w, h, angle): exact IoU, and the vertex order that the differentiable IoU of mmcv needs.

The area of the intersection is a line integral along its boundary (Green's theorem): every edge of either box
contributes the part of it that lies inside the other box. That part is an interval found by two slab tests in the
other box's frame, so there are no intersection points to collect and sort, and no case distinction to go wrong on
near-duplicate boxes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mmrs.ops.pairs import iou_aligned, iou_matrix, ratio

# Coinciding edges must count once: the second box is smaller by this share of the extent of both along its axes.
# The error is about this share plus the rounding of float64 (1e-16) over it; float32 does not see 1e-9.
_SHRINK = 1e-9
# Instead of division by zero for edges parallel to an axis.
_TINY = 1e-100


class RotatedBoxes:
    """Rotated boxes as float64 columns: centre, half extents, cosine, sine.

    Args:
        boxes: (N, >=5) of any floating type: cx, cy, w, h in pixels, angle in radians, clockwise in image
            coordinates. A box that is not finite is treated as one without area.
    """

    def __init__(self, boxes: Tensor) -> None:
        values = boxes[:, :5].double()
        values = torch.where(values.isfinite().all(1, keepdim=True), values, 0.0)
        x, y, width, height, angle = values.unbind(1)
        self.table = torch.stack([x, y, width.abs() / 2, height.abs() / 2, angle.cos(), angle.sin()])
        self._measure()

    def _measure(self) -> None:
        self.x, self.y, half_width, half_height = self.table[:4]
        self.radius = torch.where(half_width * half_height > 0, torch.hypot(half_width, half_height), 0.0)

    def take(self, index: Tensor) -> RotatedBoxes:
        """The boxes at ``index``, (K,)."""
        taken = object.__new__(RotatedBoxes)
        taken.table = self.table.index_select(1, index)
        taken._measure()
        return taken

    def pair_iou(self, rows: Tensor, other: RotatedBoxes, columns: Tensor, foreground: bool = False) -> Tensor:
        """IoU (or intersection over own area) of boxes ``rows`` with boxes ``columns`` of ``other``, (K,)."""
        first, second = self.table.index_select(1, rows), other.table.index_select(1, columns)
        areas = 4 * first[2] * first[3], 4 * second[2] * second[3]
        return ratio(_intersection(first, second), *areas, foreground)


def _intersection(first: Tensor, second: Tensor) -> Tensor:
    """Area of the intersection of aligned pairs of columns (6, K): (K,)."""
    ax, ay, aw, ah, acos, asin = first
    bx, by, bw, bh, bcos, bsin = second
    dx, dy = ax - bx, ay - by
    cos, sin = acos * bcos + asin * bsin, asin * bcos - acos * bsin
    abs_cos, abs_sin = cos.abs(), sin.abs()
    bw = (bw - (bw + aw * abs_cos + ah * abs_sin).mul_(_SHRINK)).clamp_(min=0)
    bh = (bh - (bh + aw * abs_sin + ah * abs_cos).mul_(_SHRINK)).clamp_(min=0)
    # Everything in the frame of the second box: centre of the first, its half axes u and v.
    cx, cy = bcos * dx + bsin * dy, bcos * dy - bsin * dx
    ux, uy, vx, vy = aw * cos, aw * sin, -ah * sin, ah * cos
    low_u, high_u = _inside(cx, cy, ux, uy, vx, vy, bw, bh)
    low_v, high_v = _inside(cx, cy, vx, vy, ux, uy, bw, bh)
    own, along_u, along_v = aw * ah, cx * uy - cy * ux, cx * vy - cy * vx
    area = own * (low_u + high_u + low_v + high_v) + along_u * (low_u - high_u) + along_v * (high_v - low_v)
    # The second box in the frame of the first.
    cx, cy = -(cos * cx + sin * cy), sin * cx - cos * cy
    ux, uy, vx, vy = bw * cos, -bw * sin, bh * sin, bh * cos
    low_u, high_u = _inside(cx, cy, ux, uy, vx, vy, aw, ah)
    low_v, high_v = _inside(cx, cy, vx, vy, ux, uy, aw, ah)
    area += bw * bh * (low_u + high_u + low_v + high_v)
    return area.mul_(0.5)


def _inside(
    cx: Tensor, cy: Tensor, ux: Tensor, uy: Tensor, vx: Tensor, vy: Tensor, half_x: Tensor, half_y: Tensor
) -> tuple[Tensor, Tensor]:
    """Lengths inside the slabs |x| <= half_x, |y| <= half_y of the edges c - v + t u and c + v + t u, t in [-1, 1].

    Lengths are in units of t, 0 to 2.
    """
    inverse_x, inverse_y = (ux + _TINY).reciprocal_(), (uy + _TINY).reciprocal_()
    reach_x, reach_y = half_x * inverse_x.abs(), half_y * inverse_y.abs()
    centre_x, centre_y = cx * inverse_x, cy * inverse_y
    offset_x, offset_y = vx * inverse_x, vy * inverse_y
    return (
        _overlap(offset_x - centre_x, reach_x, offset_y - centre_y, reach_y),
        _overlap(-offset_x - centre_x, reach_x, -offset_y - centre_y, reach_y),
    )


def _overlap(x: Tensor, reach_x: Tensor, y: Tensor, reach_y: Tensor) -> Tensor:
    """Length of [x - reach_x, x + reach_x], [y - reach_y, y + reach_y] and [-1, 1] in common."""
    low = torch.maximum(x - reach_x, y - reach_y).clamp_(min=-1)
    high = torch.minimum(x + reach_x, y + reach_y).clamp_(max=1)
    return high.sub_(low).clamp_(min=0)


@torch.no_grad()
def box_iou_rotated(boxes1: Tensor, boxes2: Tensor, ious: Tensor, mode_flag: int, aligned: bool) -> None:
    """IoU of rotated boxes, computed in float64 and exact to about 1e-9.

    Stand-in for the operator of that name in ``mmcv._ext``; the compiled CPU operator is wrong on near-duplicates.

    Args:
        boxes1: (N, 5) cx, cy, w, h (px), angle (rad, clockwise in image coordinates).
        boxes2: (M, 5).
        ious: Output, N * M elements, or (N,) if ``aligned``.
        mode_flag: 0 for intersection over union, 1 for intersection over the area of the first box.
        aligned: Compare box k with box k only (N = M).
    """
    compute = iou_aligned if aligned else iou_matrix
    compute(RotatedBoxes(boxes1), RotatedBoxes(boxes2), ious, mode_flag == 1)


@torch.no_grad()
def sort_vertices(vertices: Tensor, mask: Tensor, num_valid: Tensor) -> Tensor:
    """Orders the vertices of intersection polygons around the origin.

    Stand-in for ``diff_iou_rotated_sort_vertices_forward`` of ``mmcv._ext``. Vertices that coincide are taken once,
    so that identical boxes give a simple polygon.

    Args:
        vertices: (B, N, 24, 2), relative to the mean of the valid ones; the last 16 are edge intersections.
        mask: (B, N, 24), which vertices are valid.
        num_valid: (B, N), how many are; follows from ``mask`` and is not used.

    Returns:
        (B, N, 9), int32: indices in counter-clockwise order from the positive x axis, the first one repeated at the
        end, then the index of an invalid intersection. Only that index where there are fewer than 3 vertices.
    """
    points, valid = vertices.double(), mask.bool()
    scale = points.abs().amax((-1, -2), keepdim=True)
    equal = (points.unsqueeze(-2) - points.unsqueeze(-3)).abs().amax(-1) <= 1e-6 * scale
    earlier = torch.ones(points.shape[-2], points.shape[-2], dtype=torch.bool, device=points.device).tril(-1)
    distinct = valid & ~(equal & valid.unsqueeze(-2) & earlier).any(-1)
    angle = torch.atan2(points[..., 1], points[..., 0]).remainder(2 * math.pi).masked_fill(~distinct, math.inf)
    angle = _at_most_eight(points, angle)
    count = angle.isfinite().sum(-1, keepdim=True)
    order = angle.argsort(-1)
    padding = 8 + (~valid[..., 8:]).to(torch.uint8).argmax(-1, keepdim=True)
    slot = torch.arange(9, device=vertices.device)
    ring = torch.where(slot == count, order[..., :1], order[..., :9])
    return torch.where((slot <= count) & (count >= 3), ring, padding).int()


def _at_most_eight(points: Tensor, angle: Tensor) -> Tensor:
    """Sets the angle of the vertices to infinity that a polygon of eight can do without.

    Rectangles have at most eight intersection vertices; where edges nearly coincide, rounding adds some in line
    with others. Those are recognised by the smallest triangle with their neighbours.
    """
    while (angle.isfinite().sum(-1) > 8).any():
        count = angle.isfinite().sum(-1, keepdim=True)
        order = angle.argsort(-1)
        place = torch.arange(angle.shape[-1], device=angle.device)
        here, before, after = (
            points.gather(-2, order.gather(-1, index).unsqueeze(-1).expand_as(points))
            for index in (place.expand_as(order), (place - 1) % count.clamp(min=1), (place + 1) % count.clamp(min=1))
        )
        (x1, y1), (x2, y2) = (here - before).unbind(-1), (after - here).unbind(-1)
        needed = (x1 * y2 - y1 * x2).abs().masked_fill(place >= count, math.inf)
        least = order.gather(-1, needed.argmin(-1, keepdim=True))
        dropped = torch.where(count > 8, math.inf, angle.gather(-1, least))
        angle = angle.scatter(-1, least, dropped)
    return angle
